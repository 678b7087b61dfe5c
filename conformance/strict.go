package conformance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"

	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// decodeStrict reads one JSON value into a struct. It refuses what encoding/json
// lets through: duplicate members, text that is not UTF-8, bytes after the value,
// unknown members, and members whose names differ in case from the known ones.
func decodeStrict(data []byte, into any) error {
	var doc strictjson.Document
	if err := doc.Parse(data, strictjson.Limits{Depth: 64, Members: 1 << 20, Values: 1 << 20}); err != nil {
		return fmt.Errorf("not strict JSON: %w", err)
	}
	if err := exactNames(doc.Root(), reflect.TypeOf(into).Elem(), ""); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("bytes after the value")
	}
	return nil
}

// exactNames holds the members of v to the json tags of t, to the letter.
func exactNames(v strictjson.Value, t reflect.Type, at string) error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()) {
		return nil
	}
	switch {
	case t.Kind() == reflect.Struct && v.Kind() == strictjson.Object:
		known := make(map[string]reflect.Type)
		for i := range t.NumField() {
			name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
			known[name] = t.Field(i).Type
		}
		for m := v.First(); m.Exists(); m = m.Next() {
			name := string(m.Key())
			field, ok := known[name]
			if !ok || name == "" {
				return fmt.Errorf("unknown member %q%s", name, at)
			}
			if err := exactNames(m, field, " in "+name); err != nil {
				return err
			}
		}
	case t.Kind() == reflect.Slice && v.Kind() == strictjson.Array:
		for m := v.First(); m.Exists(); m = m.Next() {
			if err := exactNames(m, t.Elem(), at); err != nil {
				return err
			}
		}
	}
	return nil
}
