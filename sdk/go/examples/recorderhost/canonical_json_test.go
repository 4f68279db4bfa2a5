package main

import (
	"encoding/json"
	"math"
	"testing"

	"google.golang.org/protobuf/types/known/structpb"
)

func TestCanonicalJSON(t *testing.T) {
	for _, test := range []struct {
		value map[string]any
		want  string
	}{
		{nil, `{}`},
		{map[string]any{}, `{}`},
		{map[string]any{"b": 1, "a": map[string]any{"z": true, "y": nil}}, `{"a":{"y":null,"z":true},"b":1}`},
		{map[string]any{"list": []any{[]any{}, map[string]any{}, "x", false}}, `{"list":[[],{},"x",false]}`},
		{map[string]any{"n": 1e15}, `{"n":1000000000000000}`},
		{map[string]any{"n": 1e20}, `{"n":100000000000000000000}`},
		{map[string]any{"n": 1e21}, `{"n":1e+21}`},
		{map[string]any{"n": 0.1}, `{"n":0.1}`},
		{map[string]any{"n": -1.5e-9}, `{"n":-1.5e-9}`},
		{map[string]any{"n": math.Copysign(0, -1)}, `{"n":0}`},
		{map[string]any{"é": "日本語 🎉 <&> \u2028\u007f"}, "{\"é\":\"日本語 🎉 <&> \u2028\u007f\"}"},
		{map[string]any{"s": "\"\\/\b\f\n\r\t\x00\x1f"}, `{"s":"\"\\/\b\f\n\r\t\u0000\u001f"}`},
	} {
		value, err := structpb.NewStruct(test.value)
		if err != nil {
			t.Fatal(err)
		}
		got := jsonOfStruct(value)
		if got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
		if !json.Valid([]byte(got)) {
			t.Errorf("%s is not JSON", got)
		}
	}
	if got := jsonOfStruct(nil); got != `{}` {
		t.Errorf("absent: got %s, want {}", got)
	}
}

func TestCanonicalJSONKeepsEveryDigitOfCounts(t *testing.T) {
	got := jsonOfCounts(map[string]int64{"b": math.MaxInt64, "a.c": 0, "a": math.MinInt64})
	want := `{"a":-9223372036854775808,"a.c":0,"b":9223372036854775807}`
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
