package recorder

import (
	aibridgev1 "github.com/aibridge/aibridge/sdk/go/gen/aibridge/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// maxWaitingBatches is how many batches of one stream may wait for their transaction, and how many may share one; the
// data plane waits with more. Of the usual largest size they have 8 MiB and 2048 records.
const maxWaitingBatches = 8

type recordStream = grpc.BidiStreamingServer[aibridgev1.StreamRecordsRequest, aibridgev1.StreamRecordsResponse]

// batchReader reads the batches of a stream ahead, while earlier ones are stored.
type batchReader struct {
	batches chan []*aibridgev1.Record
	end     error // why there are no more batches; set before batches is closed
}

// readBatches reads until the stream ends, its sequences have a gap, or its context is cancelled.
func readBatches(stream recordStream) *batchReader {
	reader := &batchReader{batches: make(chan []*aibridgev1.Record, maxWaitingBatches)}
	go func() {
		defer close(reader.batches)
		reader.end = reader.run(stream)
	}()
	return reader
}

func (r *batchReader) run(stream recordStream) error {
	var last uint64
	for {
		request, err := stream.Recv()
		if err != nil {
			return err
		}
		records := request.GetRecords()
		if err := checkSequence(records, last+1); err != nil {
			return err
		}
		last += uint64(len(records))
		select {
		case r.batches <- records:
		case <-stream.Context().Done():
			return stream.Context().Err()
		}
	}
}

// checkSequence refuses gaps: with one, a cumulative acknowledgement would speak of records that never came.
func checkSequence(records []*aibridgev1.Record, expected uint64) error {
	for _, record := range records {
		if record.GetSequence() != expected {
			return status.Errorf(codes.InvalidArgument,
				"expected sequence %d, found %d: sequences start at 1 in each stream and grow by 1", expected, record.GetSequence())
		}
		expected++
	}
	return nil
}

// next waits for a batch, which may be empty, and adds to it whatever else has come by then. It fails with io.EOF when
// the data plane has closed its side, and as UNAVAILABLE once stopping is closed.
func (r *batchReader) next(stopping <-chan struct{}) ([]*aibridgev1.Record, error) {
	var records []*aibridgev1.Record
	select {
	case first, open := <-r.batches:
		if !open {
			return nil, r.end
		}
		records = first
	case <-stopping:
		return nil, status.Error(codes.Unavailable, "the recorder is shutting down")
	}
	for range maxWaitingBatches - 1 {
		select {
		case further := <-r.batches: // nothing, if the stream has ended
			records = append(records, further...)
		default:
			return records, nil
		}
	}
	return records, nil
}
