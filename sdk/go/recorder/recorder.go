// Package recorder serves aibridge's RecorderService on top of what a host platform has: it is given records, checked,
// and stores them. The service does the rest: it authenticates data planes, keeps the sequence of each stream,
// acknowledges what is durable and only that, tells a record that can never be stored from a store that is away, and
// stops in order.
//
// A host implements [Recorder], and [Store] if its database has transactions; [OneByOne] makes one if not. [NewService]
// makes a service of it, and [Serve] runs that.
package recorder

import (
	"context"

	aibridgev1 "github.com/aibridge/aibridge/sdk/go/gen/aibridge/v1"
)

// Recorder stores records: one method for each kind. A method that returns nil has stored its record, or knew it.
//
//   - A record's id is its idempotency key: a record that comes again is stored once, and is no error.
//   - Records may come before the Interception they belong to, and in any order.
//   - An end whose provisional is set is a guess: a real one replaces it, never the reverse. Of two real ends of one
//     interception the first stays.
//   - An error made by [Reject] refuses this record for good; it is not sent again, and those behind it are not held up.
//     It must leave the transaction usable. Any other error means that the store failed: nothing is acknowledged, and
//     the data plane sends the same records again until they are stored.
//
// What every record must have was checked before: ids and interception_ids are lower-case hyphenated UUIDs; started_at,
// ended_at and created_at are there; outcome and source have a known value; counts and durations are not negative;
// metadata can be written as JSON; the record has at most [MaxRecordBytes].
type Recorder interface {
	RecordInterception(ctx context.Context, interception *aibridgev1.Interception) error
	RecordInterceptionEnded(ctx context.Context, ended *aibridgev1.InterceptionEnded) error
	RecordTokenUsage(ctx context.Context, usage *aibridgev1.TokenUsage) error
	RecordPromptUsage(ctx context.Context, usage *aibridgev1.PromptUsage) error
	RecordToolUsage(ctx context.Context, usage *aibridgev1.ToolUsage) error
	RecordModelThought(ctx context.Context, thought *aibridgev1.ModelThought) error
}

// Store gives out Recorders, one for each transaction.
type Store interface {
	// Transaction calls record with a Recorder. When it returns nil, everything stored through that Recorder is durable:
	// it survives a power cut of the database's machine. When it returns an error, all of it comes again, whatever was
	// stored; an error of record itself is returned. It is called from several goroutines at once. It may call record
	// again after an attempt that failed, as databases want it after a conflict of transactions. It gives up when ctx is
	// done, after ten seconds at most.
	Transaction(ctx context.Context, record func(Recorder) error) error
}

// OneByOne makes a Store of a Recorder each of whose methods returns only when its record is durable. Simple, and slow
// where durable means waiting for a disk: a Store of your own waits once for hundreds of records.
func OneByOne(recorder Recorder) Store {
	return oneByOne{recorder}
}

type oneByOne struct{ recorder Recorder }

func (s oneByOne) Transaction(_ context.Context, record func(Recorder) error) error {
	return record(s.recorder)
}
