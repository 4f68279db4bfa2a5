package recorder_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	aibridgev1 "github.com/aibridge/aibridge/sdk/go/gen/aibridge/v1"
	"github.com/aibridge/aibridge/sdk/go/recorder"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// finder finds what was asked for, if it is "resp_1", and fails for "resp_broken".
type finder struct {
	asked []*aibridgev1.FindLastMessageRequest
}

func (f *finder) FindLastMessage(_ context.Context, request *aibridgev1.FindLastMessageRequest) (*aibridgev1.FindLastMessageResponse, error) {
	f.asked = append(f.asked, request)
	switch request.GetMessageId() {
	case "resp_1":
		return &aibridgev1.FindLastMessageResponse{MessageId: "resp_3", PendingCallIds: []string{"call_1"}}, nil
	case "resp_broken":
		return nil, errors.New("secret of the database")
	default:
		return nil, nil
	}
}

type findingStore struct {
	memoryHost
	finder
}

type findingRecorder struct {
	transaction
	finder
}

func find(t *testing.T, server *server, messageID string) (*aibridgev1.FindLastMessageResponse, error) {
	t.Helper()
	return server.client.FindLastMessage(signed(t), &aibridgev1.FindLastMessageRequest{
		InitiatorId: "alice", ProviderName: "openai", MessageId: messageID,
	})
}

func TestFindLastMessageAsksTheStore(t *testing.T) {
	store := &findingStore{}
	single := &findingRecorder{transaction: transaction{host: &memoryHost{}}}
	for name, running := range map[string]*server{"Store": start(t, store), "OneByOne": start(t, recorder.OneByOne(single))} {
		found, err := find(t, running, "resp_1")
		if err != nil || found.GetMessageId() != "resp_3" || !slices.Equal(found.GetPendingCallIds(), []string{"call_1"}) {
			t.Errorf("%s: found %v, %v", name, found, err)
		}
	}
	asked := store.asked[0]
	if asked.GetInitiatorId() != "alice" || asked.GetProviderName() != "openai" || asked.GetMessageId() != "resp_1" {
		t.Errorf("asked for %v", asked)
	}
}

func TestFindLastMessageStatuses(t *testing.T) {
	finding := start(t, &findingStore{})
	for _, one := range []struct {
		server    *server
		messageID string
		want      codes.Code
	}{
		{finding, "resp_2", codes.NotFound},
		{finding, "", codes.InvalidArgument},
		{finding, "resp_broken", codes.Unavailable},
		{start(t, &memoryHost{}), "resp_1", codes.Unimplemented},
		{start(t, recorder.OneByOne(&transaction{host: &memoryHost{}})), "resp_1", codes.Unimplemented},
	} {
		_, err := find(t, one.server, one.messageID)
		if status.Code(err) != one.want || strings.Contains(status.Convert(err).Message(), "secret") {
			t.Errorf("%q: got %v, want %v", one.messageID, err, one.want)
		}
	}
	if log := finding.log.String(); !strings.Contains(log, "secret of the database") {
		t.Errorf("the log has %q", log)
	}
}

func TestFindLastMessageNeedsTheKey(t *testing.T) {
	_, err := start(t, &findingStore{}).client.FindLastMessage(t.Context(), &aibridgev1.FindLastMessageRequest{MessageId: "resp_1"})
	if status.Code(err) != codes.Unauthenticated {
		t.Errorf("got %v, want UNAUTHENTICATED", err)
	}
}
