package replaywire

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

func TestAppendRequest(t *testing.T) {
	k := ajwt.ReplayKey{Expires: 1767225720}
	k.Tag[31], k.Key[0] = 1, 0xff
	tag, key := strings.Repeat("A", 42)+"E", "_w"+strings.Repeat("A", 41)
	one := `{"k":"` + tag + "." + key + `","exp":1767225720}`
	require.Len(t, string(AppendKey(nil, &k)), 87)
	require.Equal(t, `{"keys":[`+one+`]}`, string(AppendRequest(nil, []ajwt.ReplayKey{k})))
	require.Equal(t, `{"keys":[`+one+","+one+`]}`, string(AppendRequest(nil, []ajwt.ReplayKey{k, k})))
	require.Less(t, len(AppendRequest(nil, make([]ajwt.ReplayKey, MaxKeys))), 2300)
}

func TestResult(t *testing.T) {
	for _, row := range []struct {
		status int
		body   string
		keys   int
		result ajwt.ReplayResult
		seen   int
	}{
		{204, "", 1, ajwt.ReplayFresh, 0},
		{204, "anything", 1, ajwt.ReplayFresh, 0},
		{409, string(AppendSeen(nil, 0)), 1, ajwt.ReplaySeen, 0},
		{409, string(AppendSeen(nil, 1)), 2, ajwt.ReplaySeen, 1},
		{409, `{"seen":1}`, 1, ajwt.ReplaySeen, -1},
		{409, `{"seen":-1}`, 1, ajwt.ReplaySeen, -1},
		{409, `{"seen":0,"x":1}`, 1, ajwt.ReplaySeen, -1},
		{409, `{"seen":"0"}`, 1, ajwt.ReplaySeen, -1},
		{409, "", 1, ajwt.ReplaySeen, -1},
		{409, `{"seen":0}` + strings.Repeat(" ", MaxBody), 1, ajwt.ReplaySeen, -1},
		{200, "", 1, ajwt.ReplayUnavailable, 0},
		{302, "", 1, ajwt.ReplayUnavailable, 0},
		{400, `{"seen":0}`, 1, ajwt.ReplayUnavailable, 0},
		{503, "", 1, ajwt.ReplayUnavailable, 0},
		{0, "", 1, ajwt.ReplayUnavailable, 0},
	} {
		result, seen := Result(row.status, []byte(row.body), row.keys)
		require.Equal(t, row.result, result, "%d %s", row.status, row.body)
		require.Equal(t, row.seen, seen, "%d %s", row.status, row.body)
		require.Equal(t, result != ajwt.ReplayUnavailable, Answers(row.status))
	}
}

func TestParseStart(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "1767225720": 1767225720, "9007199254740991": 1<<53 - 1} {
		n, ok := ParseStart(text)
		require.True(t, ok, text)
		require.Equal(t, want, n)
	}
	for _, text := range []string{"", "-1", "+1", "01", " 1", "1 ", "1,1", "1.0", "1e3", "9007199254740992", "99999999999999999999"} {
		_, ok := ParseStart(text)
		require.False(t, ok, text)
	}
}

func TestLearn(t *testing.T) {
	for name, row := range map[string]struct {
		from   Start
		status int
		header string
		want   Start
		ok     bool
	}{
		"first start":              {Start{}, 204, "70", Start{70, true, true}, true},
		"always there":             {Start{}, 204, "0", Start{0, true, true}, true},
		"a later one":              {Start{70, true, true}, 409, "80", Start{80, true, true}, true},
		"an earlier one":           {Start{70, true, true}, 204, "60", Start{70, true, true}, true},
		"an outage names one":      {Start{70, true, true}, 503, "80", Start{80, true, true}, true},
		"an outage names none":     {Start{70, true, true}, 503, "", Start{70, true, true}, true},
		"204 that names none":      {Start{70, true, true}, 204, "", Start{70, true, true}, false},
		"409 that names none":      {Start{70, true, true}, 409, "", Start{70, true, true}, false},
		"a silent store":           {Start{}, 204, "", Start{100, false, true}, true},
		"a silent store again":     {Start{90, false, true}, 204, "", Start{90, false, true}, true},
		"an outage is no meeting":  {Start{}, 503, "", Start{}, true},
		"a silent store speaks":    {Start{90, false, true}, 204, "95", Start{95, true, true}, true},
		"malformed":                {Start{}, 204, "x", Start{}, false},
		"malformed in silence":     {Start{90, false, true}, 409, "-1", Start{90, false, true}, false},
		"malformed with an outage": {Start{}, 500, "x", Start{}, true},
	} {
		next, ok := row.from.Learn(row.status, row.header, 100)
		require.Equal(t, row.want, next, name)
		require.Equal(t, row.ok, ok, name)
	}
}
