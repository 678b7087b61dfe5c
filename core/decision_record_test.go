package ajwt

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every member that the record shows makes a decision another one, and no other does.
func TestSameRecord(t *testing.T) {
	base := Decision{Verdict: Accept, Level: LevelJWT, Agent: "a"}
	shown := 0
	for i := range reflect.TypeFor[Decision]().NumField() {
		other := base
		f := reflect.ValueOf(&other).Elem().Field(i)
		name := reflect.TypeFor[Decision]().Field(i).Name
		switch f.Kind() {
		case reflect.Bool:
			f.SetBool(true)
		case reflect.String:
			f.SetString("other")
		case reflect.Uint8, reflect.Uint16:
			f.SetUint(f.Uint() ^ 1)
		case reflect.Int, reflect.Int64:
			f.SetInt(7)
		case reflect.Array:
			f.Index(0).SetUint(1)
		case reflect.Slice:
			f.Set(reflect.MakeSlice(f.Type(), 1, 1))
		case reflect.Struct:
		default:
			t.Fatal(name)
		}
		same := string(base.AppendRecord(nil)) == string(other.AppendRecord(nil))
		require.Equal(t, same, base.SameRecord(&other), name)
		require.Equal(t, same, other.SameRecord(&base), name)
		if !same {
			shown++
		}
	}
	require.Equal(t, 16, shown)
	require.True(t, base.SameRecord(&base))
}
