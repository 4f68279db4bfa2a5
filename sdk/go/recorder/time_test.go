package recorder

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aibridge/aibridge/sdk/go/channel"
	aibridgev1 "github.com/aibridge/aibridge/sdk/go/gen/aibridge/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// In these tests time is that of synctest: it passes at once when everybody waits.

func TestRevokedKeyEndsAStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		revoked := false
		authenticate := func(context.Context, string) (string, error) {
			if revoked {
				return "", channel.ErrUnknownKey
			}
			return "eu-1", nil
		}
		transactions := 0
		store := transactionFunc(func(context.Context, func(Recorder) error) error {
			transactions++
			revoked = true
			return nil
		})
		stream := newSlowStream(t, keyLifetime/2, 3)
		err := NewService(store, authenticate, nil).StreamRecords(stream)
		// The first batch is stored; half the lifetime later the key is not looked at; at the third batch it is.
		if status.Code(err) != codes.Unauthenticated || transactions != 2 || stream.acknowledged != 2 {
			t.Errorf("got %v, %d transactions, %d acknowledged; want code Unauthenticated, 2, 2", err, transactions, stream.acknowledged)
		}
	})
}

func TestStoreThatHangsCountsAsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := transactionFunc(func(ctx context.Context, _ func(Recorder) error) error {
			<-ctx.Done()
			return ctx.Err()
		})
		accept := func(context.Context, string) (string, error) { return "", nil }
		stream := newSlowStream(t, 0, 1)
		began := time.Now()
		err := NewService(store, accept, nil).StreamRecords(stream)
		if status.Code(err) != codes.Unavailable || time.Since(began) != transactionTimeout || stream.acknowledged != 0 {
			t.Errorf("got %v after %v, %d acknowledged; want code Unavailable after %v, 0",
				err, time.Since(began), stream.acknowledged, transactionTimeout)
		}
	})
}

// slowStream is the server's end of a stream whose client sends a record now and then, and then waits.
type slowStream struct {
	recordStream
	ctx          context.Context
	pause        time.Duration
	sent, last   uint64
	acknowledged uint64
}

func newSlowStream(t *testing.T, pause time.Duration, records uint64) *slowStream {
	ctx := metadata.NewIncomingContext(t.Context(), metadata.Pairs("authorization", "Bearer key"))
	return &slowStream{ctx: ctx, pause: pause, last: records}
}

func (s *slowStream) Context() context.Context { return s.ctx }

func (s *slowStream) Recv() (*aibridgev1.StreamRecordsRequest, error) {
	if s.sent == s.last {
		<-s.ctx.Done()
		return nil, s.ctx.Err()
	}
	if s.sent > 0 {
		time.Sleep(s.pause)
	}
	s.sent++
	return &aibridgev1.StreamRecordsRequest{Records: []*aibridgev1.Record{{
		Sequence: s.sent, Record: &aibridgev1.Record_PromptUsage{PromptUsage: &aibridgev1.PromptUsage{
			Id: validID, InterceptionId: validID, CreatedAt: validTime,
		}},
	}}}, nil
}

func (s *slowStream) Send(answer *aibridgev1.StreamRecordsResponse) error {
	s.acknowledged = answer.GetAcknowledgedSequence()
	return nil
}

// transactionFunc is a Store of one function.
type transactionFunc func(context.Context, func(Recorder) error) error

func (f transactionFunc) Transaction(ctx context.Context, record func(Recorder) error) error {
	return f(ctx, record)
}
