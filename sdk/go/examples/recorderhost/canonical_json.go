package main

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"

	"google.golang.org/protobuf/types/known/structpb"
)

// The JSON in the database has one form, so that texts can be compared: members sorted by name at every depth, no white
// space, whole numbers without a fraction, nothing escaped that need not be. encoding/json escapes more.

// jsonOfStruct is the JSON object of a Struct; "{}" if it is absent.
func jsonOfStruct(value *structpb.Struct) string {
	return string(appendObject(nil, value.GetFields(), appendValue))
}

// jsonOfCounts is the JSON object of integers by name, every digit of them.
func jsonOfCounts(counts map[string]int64) string {
	return string(appendObject(nil, counts, func(text []byte, count int64) []byte {
		return strconv.AppendInt(text, count, 10)
	}))
}

func appendObject[V any](text []byte, members map[string]V, appendMember func([]byte, V) []byte) []byte {
	text = append(text, '{')
	for index, name := range slices.Sorted(maps.Keys(members)) {
		if index > 0 {
			text = append(text, ',')
		}
		text = append(appendString(text, name), ':')
		text = appendMember(text, members[name])
	}
	return append(text, '}')
}

func appendValue(text []byte, value *structpb.Value) []byte {
	switch kind := value.GetKind().(type) {
	case *structpb.Value_NumberValue:
		return appendNumber(text, kind.NumberValue)
	case *structpb.Value_StringValue:
		return appendString(text, kind.StringValue)
	case *structpb.Value_BoolValue:
		return strconv.AppendBool(text, kind.BoolValue)
	case *structpb.Value_StructValue:
		return appendObject(text, kind.StructValue.GetFields(), appendValue)
	case *structpb.Value_ListValue:
		return appendArray(text, kind.ListValue.GetValues())
	default:
		return append(text, "null"...)
	}
}

func appendArray(text []byte, elements []*structpb.Value) []byte {
	text = append(text, '[')
	for index, element := range elements {
		if index > 0 {
			text = append(text, ',')
		}
		text = appendValue(text, element)
	}
	return append(text, ']')
}

// appendNumber writes a finite number as ECMAScript does, which encoding/json follows, but for the sign of zero.
func appendNumber(text []byte, number float64) []byte {
	written, err := json.Marshal(number + 0) // turns -0 into 0
	if err != nil {
		panic("a number that is not finite was not rejected: " + err.Error())
	}
	return append(text, written...)
}

// appendString escapes what JSON demands, and nothing else.
func appendString(text []byte, value string) []byte {
	text = append(text, '"')
	for _, character := range value {
		text = appendCharacter(text, character)
	}
	return append(text, '"')
}

func appendCharacter(text []byte, character rune) []byte {
	switch character {
	case '"', '\\':
		return append(text, '\\', byte(character))
	case '\b':
		return append(text, `\b`...)
	case '\f':
		return append(text, `\f`...)
	case '\n':
		return append(text, `\n`...)
	case '\r':
		return append(text, `\r`...)
	case '\t':
		return append(text, `\t`...)
	}
	if character < ' ' {
		const hex = "0123456789abcdef"
		return append(text, '\\', 'u', '0', '0', hex[character>>4], hex[character&0xf])
	}
	return utf8.AppendRune(text, character)
}
