package recorder

import (
	"io"
	"testing"

	aibridgev1 "github.com/aibridge/aibridge/sdk/go/gen/aibridge/v1"
)

func TestWaitingBatchesGoTogether(t *testing.T) {
	reader := &batchReader{batches: make(chan []*aibridgev1.Record, 2*maxWaitingBatches), end: io.EOF}
	for range maxWaitingBatches + 2 {
		reader.batches <- make([]*aibridgev1.Record, 3)
	}
	close(reader.batches)
	for _, want := range []int{3 * maxWaitingBatches, 3 * 2} { // bounded, and the rest next
		records, err := reader.next(nil)
		if len(records) != want || err != nil {
			t.Errorf("got %d records, error %v; want %d", len(records), err, want)
		}
	}
	if records, err := reader.next(nil); err != io.EOF {
		t.Errorf("at the end: got %d records, error %v; want EOF", len(records), err)
	}
}
