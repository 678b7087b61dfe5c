package replaystore

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/core/replaywire"
)

const testNow = 1_800_000_000

// key is a key of an owner, who is its tag too.
func key(owner, name string, expires int64) ajwt.ReplayKey {
	k := ajwt.ReplayKey{Key: sha256.Sum256([]byte(owner + "/" + name)), Tag: sha256.Sum256([]byte(owner)), Expires: expires}
	k.Owner = k.Tag
	return k
}

// served serves a memory and gives the address.
func served(t *testing.T, store ajwt.Replay, o HandlerOptions) string {
	t.Helper()
	if o.Clock == nil {
		o.Clock = func() int64 { return testNow }
	}
	s := httptest.NewServer(Handler(store, o))
	t.Cleanup(s.Close)
	return s.URL
}

func opened(t *testing.T, o HTTPOptions) *HTTP {
	t.Helper()
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	h, err := OpenHTTP(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { h.Close() })
	return h
}

func TestHTTP(t *testing.T) {
	memory := NewMemory(100, 3, testNow-1000, 5)
	h := opened(t, HTTPOptions{URL: served(t, memory, HandlerOptions{ClockDifference: 5})})
	require.Equal(t, int64(testNow-995), h.Start(), "the start, later by the clock difference")
	rec := func(keys ...ajwt.ReplayKey) (ajwt.ReplayResult, int) { return h.Record(keys, testNow) }
	result, _ := rec(key("o", "a", testNow+60), key("o", "b", testNow+90))
	require.Equal(t, ajwt.ReplayFresh, result)
	result, seen := rec(key("o", "c", testNow+60), key("o", "b", testNow+60))
	require.Equal(t, ajwt.ReplaySeen, result)
	require.Equal(t, 1, seen)
	result, _ = rec(key("o", "c", testNow+60))
	require.Equal(t, ajwt.ReplayFresh, result, "what was refused has recorded nothing")
	result, _ = rec(key("o", "d", testNow+60))
	require.Equal(t, ajwt.ReplayUnavailable, result, "the share is used up: 503 is an outage to the caller")
	result, _ = rec(key("o", "d", testNow+60), key("p", "e", testNow+60))
	require.Equal(t, ajwt.ReplayUnavailable, result, "two tags")
	result, _ = rec()
	require.Equal(t, ajwt.ReplayUnavailable, result)
}

// TestProtocol holds the statuses and bodies of spec/replay.md, sent by hand.
func TestProtocol(t *testing.T) {
	url := served(t, NewMemory(100, 100, testNow-1000, 5), HandlerOptions{ClockDifference: 5, Secret: "s3cret"})
	text := func(owner, name string) string {
		k := key(owner, name, 0)
		return string(replaywire.AppendKey(nil, &k))
	}
	entry := func(k string, exp any) string { return fmt.Sprintf(`{"k":%q,"exp":%v}`, k, exp) }
	keys := func(entries ...string) string { return `{"keys":[` + strings.Join(entries, ",") + `]}` }
	a, b, other := text("o", "a"), text("o", "b"), text("p", "a")
	var many []string
	for i := range 17 {
		many = append(many, entry(text("o", fmt.Sprint("m", i)), testNow))
	}
	for _, row := range []struct {
		name, body string
		status     int
		answer     string
	}{
		{"recorded", keys(entry(a, testNow+60), entry(b, testNow+60)), 204, ""},
		{"seen, first", keys(entry(a, testNow+60)), 409, `{"seen":0}`},
		{"seen, second", keys(entry(text("o", "c"), testNow+60), entry(b, testNow+60)), 409, `{"seen":1}`},
		{"16 keys", keys(many[:16]...), 204, ""},
		{"17 keys", keys(many...), 400, ""},
		{"two tags", keys(entry(text("o", "d"), testNow), entry(other, testNow)), 400, ""},
		{"no keys", keys(), 400, ""},
		{"empty body", ``, 400, ""},
		{"keys no array", `{"keys":{}}`, 400, ""},
		{"member unknown", `{"keys":[` + entry(a, testNow) + `],"now":1}`, 400, ""},
		{"member twice", `{"keys":[],"keys":[` + entry(a, testNow) + `]}`, 400, ""},
		{"member of an entry unknown", `{"keys":[{"k":"` + a + `","exp":1800000000,"x":1}]}`, 400, ""},
		{"member of an entry missing", `{"keys":[{"k":"` + a + `","x":1}]}`, 400, ""},
		{"after the object", keys(entry(a, testNow)) + "x", 400, ""},
		{"array", `[]`, 400, ""},
		{"key without tag", keys(entry(a[44:], testNow)), 400, ""},
		{"key padded", keys(entry(a+"=", testNow)), 400, ""},
		{"key not canonical", keys(entry(a[:42]+"_"+a[43:], testNow)), 400, ""},
		{"key short", keys(entry(a[:86], testNow)), 400, ""},
		{"exp text", keys(entry(a, `"1"`)), 400, ""},
		{"exp fraction", keys(entry(a, "1800000000.0")), 400, ""},
		{"exp negative", keys(entry(a, -1)), 400, ""},
		{"exp just remembered", keys(entry(text("o", "e"), testNow-5)), 204, ""},
		{"exp passed", keys(entry(text("o", "f"), testNow-6)), 400, ""},
		{"exp far", keys(entry(text("o", "g"), testNow+MaxLife)), 204, ""},
		{"exp too far", keys(entry(text("o", "h"), testNow+MaxLife+1)), 400, ""},
		{"body too long", strings.Repeat(" ", maxBody) + keys(entry(a, testNow)), 413, ""},
	} {
		req, err := http.NewRequest("POST", url+"/v1/replay", strings.NewReader(row.body))
		require.NoError(t, err)
		req.Header.Set("Authorization", "bearer s3cret")
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		require.NoError(t, err)
		require.Equal(t, row.status, res.StatusCode, "%s: %s", row.name, body)
		require.Equal(t, fmt.Sprint(testNow-995), res.Header.Get("Replay-Start"), row.name)
		require.Equal(t, "no-store", res.Header.Get("Cache-Control"))
		if row.answer != "" {
			require.Equal(t, row.answer, string(body), row.name)
		}
	}
	for _, secret := range []string{"", "Bearer", "Bearer wrong", "Basic s3cret", "Bearer s3cret2"} {
		req, _ := http.NewRequest("POST", url+"/v1/replay", strings.NewReader(keys(entry(text("o", "z"), testNow))))
		if secret != "" {
			req.Header.Set("Authorization", secret)
		}
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		res.Body.Close()
		require.Equal(t, 401, res.StatusCode, secret)
	}
	res, err := http.Get(url + "/v1/replay")
	require.NoError(t, err)
	res.Body.Close()
	require.Equal(t, 405, res.StatusCode)
	res, err = http.Get(url + "/healthz")
	require.NoError(t, err)
	res.Body.Close()
	require.Equal(t, 200, res.StatusCode)
	h := opened(t, HTTPOptions{URL: url, Secret: "s3cret"})
	result, _ := h.Record([]ajwt.ReplayKey{key("o", "z", testNow)}, testNow)
	require.Equal(t, ajwt.ReplayFresh, result, "a caller without the secret has recorded nothing")
}

// TestHTTPOutages holds that every answer but 204 and 409 is none, a late one too.
func TestHTTPOutages(t *testing.T) {
	var status atomic.Int64
	var start, late atomic.Bool
	hold := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if late.Load() {
			<-hold
		}
		if start.Load() || req.URL.Path == healthPath {
			w.Header().Set(startHeader, "7")
		}
		if status.Load() == http.StatusFound {
			w.Header().Set("Location", "/elsewhere")
		}
		if req.URL.Path != healthPath {
			w.WriteHeader(int(status.Load()))
		}
	}))
	defer s.Close()
	defer close(hold)
	var faults atomic.Int64
	h := opened(t, HTTPOptions{URL: s.URL, Timeout: 300 * time.Millisecond, OnError: func(error) { faults.Add(1) }})
	record := func() ajwt.ReplayResult {
		result, _ := h.Record([]ajwt.ReplayKey{key("o", "a", testNow)}, testNow)
		return result
	}
	start.Store(true)
	for _, row := range []struct {
		status int64
		want   ajwt.ReplayResult
	}{
		{204, ajwt.ReplayFresh}, {409, ajwt.ReplaySeen}, {200, ajwt.ReplayUnavailable}, {201, ajwt.ReplayUnavailable},
		{302, ajwt.ReplayUnavailable}, {400, ajwt.ReplayUnavailable}, {401, ajwt.ReplayUnavailable}, {404, ajwt.ReplayUnavailable},
		{500, ajwt.ReplayUnavailable}, {503, ajwt.ReplayUnavailable},
	} {
		status.Store(row.status)
		require.Equal(t, row.want, record(), row.status)
	}
	status.Store(204)
	start.Store(false)
	require.Equal(t, ajwt.ReplayUnavailable, record(), "204 of something that is no such store")
	start.Store(true)
	late.Store(true)
	before := time.Now()
	require.Equal(t, ajwt.ReplayUnavailable, record())
	require.Less(t, time.Since(before), 5*time.Second)
	require.Equal(t, int64(10), faults.Load())
	s.CloseClientConnections()
	late.Store(false)
	_, err := OpenHTTP(context.Background(), HTTPOptions{URL: "http://127.0.0.1:1"})
	require.Error(t, err)
	for _, url := range []string{"", "ftp://x", "http://", "http://u:p@x", "http://x?y=1", "redis://x"} {
		_, err := OpenHTTP(context.Background(), HTTPOptions{URL: url})
		require.ErrorContains(t, err, "HTTPOptions.URL", url)
	}
}

func TestHTTPTakesOneOfMany(t *testing.T) {
	h := opened(t, HTTPOptions{URL: served(t, NewMemory(10000, 10000, testNow-1000, 0), HandlerOptions{})})
	var fresh, seen atomic.Int64
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for i := range 50 {
				switch result, _ := h.Record([]ajwt.ReplayKey{key("o", fmt.Sprint(i), testNow+9)}, testNow); result {
				case ajwt.ReplayFresh:
					fresh.Add(1)
				case ajwt.ReplaySeen:
					seen.Add(1)
				}
			}
		})
	}
	group.Wait()
	require.Equal(t, int64(50), fresh.Load())
	require.Equal(t, int64(350), seen.Load())
}

func TestKeyText(t *testing.T) {
	k := key("o", "a", 0)
	text := string(replaywire.AppendKey(nil, &k))
	require.Len(t, text, 87)
	back, ok := parseKey(text)
	require.True(t, ok)
	require.Equal(t, k.Key, back.Key)
	require.Equal(t, k.Tag, back.Tag)
	require.Equal(t, "ajwt:1:{"+text[:43]+"}:"+text[44:], string(appendName(nil, &k)))
}

func FuzzRequest(f *testing.F) {
	k := key("o", "a", testNow)
	f.Add(replaywire.AppendRequest(nil, []ajwt.ReplayKey{k}))
	f.Add(replaywire.AppendRequest(nil, []ajwt.ReplayKey{k, key("o", "b", 0)}))
	f.Add([]byte(`{"keys":[{"k":"","exp":1}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		keys, err := parseRequest(body)
		if err != nil {
			return
		}
		again, err := parseRequest(replaywire.AppendRequest(nil, keys))
		require.NoError(t, err)
		require.Equal(t, keys, again)
	})
}

// TestSlots holds the slots of a cluster to the example of its specification, and each
// marker to its slot.
func TestSlots(t *testing.T) {
	require.Equal(t, uint16(0x31c3), crc16([]byte("123456789")))
	for slot, name := range slotMarkers() {
		tag := name[strings.Index(name, "{")+1 : len(name)-1]
		require.Equal(t, slot, int(crc16([]byte(tag))%slotNumber), name)
	}
	r := &Redis{o: RedisOptions{Cluster: true}}
	k := key("o", "a", 0)
	tag := string(replaywire.AppendKey(nil, &k))[:43]
	require.Equal(t, slotMarkers()[crc16([]byte(tag))%slotNumber], r.marker(&k))
}

func TestRedisOptions(t *testing.T) {
	good := RedisOptions{URL: "redis://user:hunter2@127.0.0.1:1/0"}
	for name, spoil := range map[string]func(*RedisOptions){
		"URL":             func(o *RedisOptions) { o.URL = "redis://user:hunter2@127.0.0.1:x y/0" },
		"URL, parameters": func(o *RedisOptions) { o.URL += "?max_retries=3" },
		"URL, scheme":     func(o *RedisOptions) { o.URL = "http://user:hunter2@x" },
		"URL, none":       func(o *RedisOptions) { o.URL = "" },
		"Timeout":         func(o *RedisOptions) { o.Timeout = time.Hour },
		"Connections":     func(o *RedisOptions) { o.Connections = -1 },
		"ClockDifference": func(o *RedisOptions) { o.ClockDifference = 61 },
		"WaitReplicas":    func(o *RedisOptions) { o.WaitReplicas, o.Cluster = 1, true },
	} {
		o := good
		spoil(&o)
		_, err := OpenRedis(t.Context(), o)
		option, _, _ := strings.Cut(name, ",")
		require.ErrorContains(t, err, "RedisOptions."+option, name)
		require.NotContains(t, err.Error(), "hunter2", name)
	}
	_, err := OpenRedis(t.Context(), good)
	require.ErrorContains(t, err, "does not answer")
	require.NotContains(t, err.Error(), "hunter2")
}

// TestHTTPMinimalStore: a store that serves the one endpoint and says nothing of its start
// is used, and counts as one that started when this process met it.
func TestHTTPMinimalStore(t *testing.T) {
	var status atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path != path {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.WriteHeader(int(status.Load()))
	}))
	defer s.Close()
	before := time.Now().Unix()
	h := opened(t, HTTPOptions{URL: s.URL})
	require.GreaterOrEqual(t, h.Start(), before)
	for code, want := range map[int64]ajwt.ReplayResult{204: ajwt.ReplayFresh, 409: ajwt.ReplaySeen, 500: ajwt.ReplayUnavailable} {
		status.Store(code)
		result, _ := h.Record([]ajwt.ReplayKey{key("o", "a", testNow)}, testNow)
		require.Equal(t, want, result, code)
	}
}
