package main

import (
	"testing"

	aibridgev1 "github.com/aibridge/aibridge/sdk/go/gen/aibridge/v1"
)

// BenchmarkRecords measures records per second, from the stream to the synced file, in batches of the largest size with
// up to 8192 records unacknowledged, as a data plane sends a backlog:
//
//	go test -run '^$' -bench Records ./examples/recorderhost
func BenchmarkRecords(b *testing.B) {
	const batchSize, window = 256, 8192
	host := startHost(b, databaseFile(b))
	stream := host.openStream(b)
	batches := (b.N + batchSize - 1) / batchSize
	acknowledged := 0
	receive := func() {
		response, err := stream.Recv()
		if err != nil {
			b.Fatal(err)
		}
		acknowledged = int(response.GetAcknowledgedSequence())
	}
	var requests []*aibridgev1.StreamRecordsRequest
	for number := range batches {
		requests = append(requests, promptBatch(number, batchSize))
	}
	b.ResetTimer()
	for number, request := range requests {
		for number*batchSize-acknowledged >= window {
			receive()
		}
		if err := stream.Send(request); err != nil {
			b.Fatal(err)
		}
	}
	for acknowledged < batches*batchSize {
		receive()
	}
	b.ReportMetric(float64(batches*batchSize)/b.Elapsed().Seconds(), "records/s")
}
