package recorder

import (
	"errors"
	"io"
	"time"

	"github.com/aibridge/aibridge/sdk/go/channel"
	aibridgev1 "github.com/aibridge/aibridge/sdk/go/gen/aibridge/v1"
)

// StreamRecords serves the rpc of this name. Batches that came while a transaction was under way share the next one and
// its acknowledgement. An empty batch is answered too: by that a data plane learns that the stream stands.
func (s *Service) StreamRecords(stream recordStream) error {
	ctx := stream.Context()
	gateway, err := channel.Admit(ctx, s.authenticate)
	if err != nil {
		return err
	}
	admitted := time.Now()
	reader := readBatches(stream)
	var acknowledged uint64
	for {
		records, err := reader.next(s.stopping)
		if errors.Is(err, io.EOF) {
			return nil // the data plane closed its side in order
		}
		if err != nil {
			return err
		}
		if time.Since(admitted) >= keyLifetime {
			if gateway, err = channel.Admit(ctx, s.authenticate); err != nil {
				return err
			}
			admitted = time.Now()
		}
		rejected, err := s.save(ctx, gateway, records)
		if err != nil {
			return err
		}
		acknowledged += uint64(len(records))
		err = stream.Send(&aibridgev1.StreamRecordsResponse{AcknowledgedSequence: acknowledged, Rejected: rejected})
		if err != nil {
			return err
		}
	}
}
