package recorder

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/aibridge/aibridge/sdk/go/channel"
	aibridgev1 "github.com/aibridge/aibridge/sdk/go/gen/aibridge/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	// A transaction that takes longer has failed: a store that hangs is as good as away.
	transactionTimeout = 10 * time.Second
	// The key of a stream is looked at again when records come after this long, so that a revoked one ends it.
	keyLifetime = 30 * time.Second
)

// Service is a RecorderService over a Store. Register it with aibridgev1.RegisterRecorderServiceServer at a server made
// with [channel.ServerOptions], or give it to [Serve].
type Service struct {
	aibridgev1.UnimplementedRecorderServiceServer

	store        Store
	authenticate channel.Authenticate
	logger       *slog.Logger

	stopping chan struct{} // closed by Shutdown
	stop     sync.Once
}

// NewService makes a Service. The logger is told what goes wrong in the store, which callers are not; nil stands for
// slog.Default().
func NewService(store Store, authenticate channel.Authenticate, logger *slog.Logger) *Service {
	if logger == nil {
		logger = slog.Default()
	}
	return &Service{store: store, authenticate: authenticate, logger: logger, stopping: make(chan struct{})}
}

// Shutdown ends the streams, which otherwise stay open for as long as their data plane runs: each finishes its
// transaction and acknowledges it. Call it before the gRPC server's GracefulStop. Calling it again is no error.
func (s *Service) Shutdown() {
	s.stop.Do(func() { close(s.stopping) })
}

// save stores records in one transaction, and returns those that were rejected for good, in order. Its error is the status the
// call has to end with: nothing may be acknowledged then.
func (s *Service) save(ctx context.Context, gateway string, records []*aibridgev1.Record) ([]*aibridgev1.RejectedRecord, error) {
	valid, invalid := partition(records)
	if len(valid) == 0 {
		return invalid, nil
	}
	var refused []*aibridgev1.RejectedRecord
	limited, cancel := context.WithTimeout(ctx, transactionTimeout)
	defer cancel()
	err := s.store.Transaction(limited, func(recorder Recorder) error {
		refused = nil // of an attempt before this one
		for _, record := range valid {
			err := dispatch(limited, recorder, gateway, record)
			if reason := asRejection(err); reason != nil {
				refused = append(refused, rejected(record, reason))
			} else if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, s.failure(ctx, err)
	}
	all := append(invalid, refused...)
	slices.SortFunc(all, func(a, b *aibridgev1.RejectedRecord) int { return cmp.Compare(a.GetSequence(), b.GetSequence()) })
	return all, nil
}

// failure is the status of a call whose records could not be stored. Why is for the log alone.
func (s *Service) failure(ctx context.Context, err error) error {
	if ctx.Err() != nil { // the data plane has gone; what the database says about it is no news
		return status.FromContextError(ctx.Err()).Err()
	}
	s.logger.Error("records could not be stored; the data plane will send them again", "error", err)
	return status.Error(codes.Unavailable, "the records could not be stored; send them again")
}

// partition tells records that may be stored from those that never can.
func partition(records []*aibridgev1.Record) (valid []*aibridgev1.Record, invalid []*aibridgev1.RejectedRecord) {
	valid = make([]*aibridgev1.Record, 0, len(records))
	for _, record := range records {
		if reason := check(record); reason != nil {
			invalid = append(invalid, rejected(record, reason))
		} else {
			valid = append(valid, record)
		}
	}
	return valid, invalid
}

func rejected(record *aibridgev1.Record, reason *rejection) *aibridgev1.RejectedRecord {
	refused := &aibridgev1.RejectedRecord{
		Sequence: record.GetSequence(),
		Code:     int32(reason.code),
		Message:  reason.message,
	}
	if message := content(record); message != nil {
		refused.RecordId = message.GetId()
	}
	return refused
}
