package recorder

import (
	"fmt"
	"math"
	"regexp"

	aibridgev1 "github.com/aibridge/aibridge/sdk/go/gen/aibridge/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// MaxRecordBytes is the size of the largest single record, encoded: 2 MiB.
const MaxRecordBytes = 2 << 20

var uuidPattern = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// check returns why a record can never be stored, nil if it may be.
func check(record *aibridgev1.Record) *rejection {
	message := content(record)
	if message == nil {
		return errUnknownKind
	}
	if size := proto.Size(message); size > MaxRecordBytes {
		return &rejection{codes.OutOfRange, fmt.Sprintf("the record has %d bytes, at most %d are stored", size, MaxRecordBytes)}
	}
	var checks checks
	switch value := message.(type) {
	case *aibridgev1.Interception:
		checks.interception(value)
	case *aibridgev1.InterceptionEnded:
		checks.interceptionEnded(value)
	case *aibridgev1.TokenUsage:
		checks.tokenUsage(value)
	case *aibridgev1.PromptUsage:
		checks.child(value)
	case *aibridgev1.ToolUsage:
		checks.child(value)
		checks.duration("duration", value.GetDuration())
	case *aibridgev1.ModelThought:
		checks.child(value)
		checks.enum("source", value.GetSource())
	}
	if checks.problem != "" {
		return &rejection{codes.InvalidArgument, checks.problem}
	}
	return nil
}

// checks looks at the members of one record; the first problem stays.
type checks struct{ problem string }

func (c *checks) interception(interception *aibridgev1.Interception) {
	c.id("id", interception.GetId())
	c.time("started_at", interception.GetStartedAt())
	c.metadata(interception.GetMetadata())
}

func (c *checks) interceptionEnded(ended *aibridgev1.InterceptionEnded) {
	c.id("id", ended.GetId())
	c.id("interception_id", ended.GetInterceptionId())
	c.time("ended_at", ended.GetEndedAt())
	c.enum("outcome", ended.GetOutcome())
	c.count("http_status", int64(ended.GetHttpStatus()))
	c.count("upstream_turns", int64(ended.GetUpstreamTurns()))
	c.duration("time_to_first_byte", ended.GetTimeToFirstByte())
}

func (c *checks) tokenUsage(usage *aibridgev1.TokenUsage) {
	c.child(usage)
	c.enum("source", usage.GetSource())
	c.count("input_tokens", usage.GetInputTokens())
	c.count("output_tokens", usage.GetOutputTokens())
	c.count("cache_read_input_tokens", usage.GetCacheReadInputTokens())
	c.count("cache_write_input_tokens", usage.GetCacheWriteInputTokens())
}

// child looks at what token usages, prompts, tool calls and thoughts have in common.
func (c *checks) child(child interface {
	GetId() string
	GetInterceptionId() string
	GetCreatedAt() *timestamppb.Timestamp
	GetMetadata() *structpb.Struct
}) {
	c.id("id", child.GetId())
	c.id("interception_id", child.GetInterceptionId())
	c.time("created_at", child.GetCreatedAt())
	c.metadata(child.GetMetadata())
}

func (c *checks) id(member, value string) {
	c.require(uuidPattern.MatchString(value), "%s must be a lower-case hyphenated UUID", member)
}

func (c *checks) time(member string, value *timestamppb.Timestamp) {
	c.require(value != nil, "%s is missing", member)
	c.require(value.IsValid() && value.GetSeconds() >= 0, "%s must be a time from 1970 to 9999", member)
}

func (c *checks) duration(member string, value *durationpb.Duration) {
	valid := value == nil || value.IsValid() && value.GetSeconds() >= 0 && value.GetNanos() >= 0
	c.require(valid, "%s must be a span of time that is not negative", member)
}

func (c *checks) count(member string, value int64) {
	c.require(value >= 0, "%s must not be negative", member)
}

func (c *checks) enum(member string, value protoreflect.Enum) {
	number := value.Number()
	c.require(number != 0, "%s is missing", member)
	c.require(value.Descriptor().Values().ByNumber(number) != nil, "%s has the unknown value %d", member, number)
}

func (c *checks) metadata(value *structpb.Struct) {
	for _, member := range value.GetFields() {
		c.require(isJSON(member), "metadata has a number that is not finite")
	}
}

// require keeps the first problem.
func (c *checks) require(fulfilled bool, problem string, arguments ...any) {
	if !fulfilled && c.problem == "" {
		c.problem = fmt.Sprintf(problem, arguments...)
	}
}

// isJSON is false for a value with a number that JSON cannot express.
func isJSON(value *structpb.Value) bool {
	switch kind := value.GetKind().(type) {
	case *structpb.Value_NumberValue:
		return !math.IsNaN(kind.NumberValue) && !math.IsInf(kind.NumberValue, 0)
	case *structpb.Value_ListValue:
		for _, element := range kind.ListValue.GetValues() {
			if !isJSON(element) {
				return false
			}
		}
	case *structpb.Value_StructValue:
		for _, member := range kind.StructValue.GetFields() {
			if !isJSON(member) {
				return false
			}
		}
	}
	return true
}
