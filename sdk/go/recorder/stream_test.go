package recorder_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	aibridgev1 "github.com/aibridge/aibridge/sdk/go/gen/aibridge/v1"
	"github.com/aibridge/aibridge/sdk/go/recorder"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
)

type clientStream = aibridgev1.RecorderService_StreamRecordsClient

func openStream(t *testing.T, server *server) clientStream {
	t.Helper()
	stream, err := server.client.StreamRecords(signed(t))
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

func send(t *testing.T, stream clientStream, batch *aibridgev1.StreamRecordsRequest) {
	t.Helper()
	if err := stream.Send(batch); err != nil {
		t.Fatal(err)
	}
}

// receiveUpTo reads answers until one acknowledges the sequence, and returns the rejections of all of them.
func receiveUpTo(t *testing.T, stream clientStream, sequence uint64) []*aibridgev1.RejectedRecord {
	t.Helper()
	var rejected []*aibridgev1.RejectedRecord
	for {
		response, err := stream.Recv()
		if err != nil {
			t.Fatalf("waiting for the acknowledgement of %d: %v", sequence, err)
		}
		rejected = append(rejected, response.GetRejected()...)
		if acknowledged := response.GetAcknowledgedSequence(); acknowledged > sequence {
			t.Fatalf("acknowledged %d, sent only %d", acknowledged, sequence)
		} else if acknowledged == sequence {
			return rejected
		}
	}
}

func TestStreamAcknowledges(t *testing.T) {
	host := &memoryHost{}
	server := start(t, host)
	for range 2 { // each stream counts for itself
		stream := openStream(t, server)
		send(t, stream, &aibridgev1.StreamRecordsRequest{})
		receiveUpTo(t, stream, 0)
		send(t, stream, prompts(1, 256))
		send(t, stream, prompts(257, 300))
		receiveUpTo(t, stream, 300)
		send(t, stream, &aibridgev1.StreamRecordsRequest{})
		receiveUpTo(t, stream, 300)
		if err := stream.CloseSend(); err != nil {
			t.Fatal(err)
		}
		if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
			t.Errorf("the stream ended with %v, want EOF", err)
		}
	}
	if got := len(host.records()); got != 600 {
		t.Errorf("%d records reached the host, want 600", got)
	}
}

func TestStreamAcknowledgesOnlyWhatIsDurable(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	host := &memoryHost{during: func(context.Context) {
		entered <- struct{}{}
		<-release
	}}
	server := start(t, host)
	stream := openStream(t, server)
	send(t, stream, prompts(1, 3))
	answers := make(chan error, 1)
	go func() {
		_, err := stream.Recv()
		answers <- err
	}()
	<-entered
	// The answer to a later call on the same connection: an acknowledgement on its way would be here by now.
	if _, err := grpc_health_v1.NewHealthClient(server.connection).Check(t.Context(), &grpc_health_v1.HealthCheckRequest{}); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-answers:
		t.Fatalf("answered before the transaction was done (error %v)", err)
	default:
	}
	close(release)
	if err := <-answers; err != nil {
		t.Error(err)
	}
}

func TestStreamRejectsWithoutBlocking(t *testing.T) {
	host := &memoryHost{refuse: map[string]error{uuid(2): fmt.Errorf("wrapped: %w", recorder.Reject("no such tenant: %s", "acme"))}}
	stream := openStream(t, start(t, host))
	batch := prompts(1, 5)
	batch.Records[3].GetPromptUsage().Id = "not-an-id"
	unknown := protowire.AppendBytes(protowire.AppendTag(nil, 15, protowire.BytesType), []byte("of a later version"))
	batch.Records[2].Record = nil
	batch.Records[2].ProtoReflect().SetUnknown(unknown)
	send(t, stream, batch)

	var got []string
	for _, r := range receiveUpTo(t, stream, 5) {
		got = append(got, fmt.Sprintf("%d %s %v: %s", r.GetSequence(), r.GetRecordId(), codes.Code(r.GetCode()), r.GetMessage()))
	}
	want := []string{
		"2 " + uuid(2) + " InvalidArgument: no such tenant: acme",
		"3  Unimplemented: the kind of the record is not known to this recorder",
		"4 not-an-id InvalidArgument: id must be a lower-case hyphenated UUID",
	}
	if !slices.Equal(got, want) {
		t.Errorf("rejected %q\nwant %q", got, want)
	}
	if want := []string{"prompt " + uuid(1), "prompt " + uuid(5)}; !slices.Equal(host.records(), want) {
		t.Errorf("stored %q, want %q", host.records(), want)
	}
}

func TestStreamEndsWhileTheStoreIsAway(t *testing.T) {
	host := &memoryHost{failure: errors.New("no route to db-7.internal")}
	server := start(t, host)
	stream := openStream(t, server)
	send(t, stream, prompts(1, 2))
	response, err := stream.Recv()
	if status.Code(err) != codes.Unavailable || strings.Contains(err.Error(), "db-7") {
		t.Errorf("got %v, %v; want code Unavailable and nothing of what is inside", response, err)
	}
	if !strings.Contains(server.log.String(), "db-7") {
		t.Errorf("the log does not say why: %q", server.log)
	}
	host.set(func(host *memoryHost) { host.failure = nil })
	stream = openStream(t, server)
	send(t, stream, prompts(1, 2))
	receiveUpTo(t, stream, 2)
}

func TestStreamRefusesGaps(t *testing.T) {
	for name, sequences := range map[string][2]int{
		"a stream that does not start at 1": {2, 3},
		"a sequence that comes again":       {0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			host := &memoryHost{}
			stream := openStream(t, start(t, host))
			send(t, stream, prompts(sequences[0], sequences[1]))
			response, err := stream.Recv()
			if status.Code(err) != codes.InvalidArgument {
				t.Errorf("got %v, %v; want code InvalidArgument", response, err)
			}
			if got := host.records(); len(got) > 0 {
				t.Errorf("stored %q", got)
			}
		})
	}
	t.Run("what came before is acknowledged", func(t *testing.T) {
		host := &memoryHost{}
		stream := openStream(t, start(t, host))
		send(t, stream, prompts(1, 2))
		send(t, stream, prompts(4, 5))
		receiveUpTo(t, stream, 2)
		if _, err := stream.Recv(); status.Code(err) != codes.InvalidArgument {
			t.Errorf("got %v, want code InvalidArgument", err)
		}
		if got := len(host.records()); got != 2 {
			t.Errorf("%d records stored, want 2", got)
		}
	})
}

func TestStreamsOfSeveralGateways(t *testing.T) {
	host := &memoryHost{}
	server := start(t, host)
	var streams []clientStream
	for range 4 {
		stream := openStream(t, server)
		send(t, stream, prompts(1, 10))
		streams = append(streams, stream)
	}
	for _, stream := range streams {
		receiveUpTo(t, stream, 10)
	}
	if got := len(host.records()); got != 40 {
		t.Errorf("%d records stored, want 40", got)
	}
}
