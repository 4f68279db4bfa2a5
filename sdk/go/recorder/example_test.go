package recorder_test

import (
	"context"
	"database/sql"
	"log"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/aibridge/aibridge/sdk/go/channel"
	aibridgev1 "github.com/aibridge/aibridge/sdk/go/gen/aibridge/v1"
	"github.com/aibridge/aibridge/sdk/go/recorder"
)

// A platform that bills tokens to its users, with a PostgreSQL database of its own. Prompts, tool calls and thoughts it
// does not want: to store nothing and return nil is a way of having taken a record.
func Example() {
	db, err := sql.Open("pgx", os.Getenv("DATABASE_URL")) // of github.com/jackc/pgx/v5/stdlib
	if err != nil {
		log.Fatal(err)
	}
	authenticate, err := channel.SharedKey(os.Getenv("AIBRIDGE_GATEWAY_KEY"))
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:9190")
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := recorder.Serve(ctx, listener, recorder.NewService(ledger{db}, authenticate, nil)); err != nil {
		log.Print(err)
	}
}

// ledger is a recorder.Store.
type ledger struct{ db *sql.DB }

func (l ledger) Transaction(ctx context.Context, record func(recorder.Recorder) error) error {
	tx, err := l.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after Commit
	if err := record(entries{tx}); err != nil {
		return err
	}
	return tx.Commit()
}

// entries is a recorder.Recorder in one transaction.
type entries struct{ tx *sql.Tx }

func (e entries) RecordInterception(ctx context.Context, r *aibridgev1.Interception) error {
	_, err := e.tx.ExecContext(ctx,
		`insert into requests (id, user_id, model, started_at) values ($1, $2, $3, $4) on conflict do nothing`,
		r.GetId(), r.GetInitiatorId(), r.GetModel(), r.GetStartedAt().AsTime())
	return err
}

func (e entries) RecordTokenUsage(ctx context.Context, r *aibridgev1.TokenUsage) error {
	_, err := e.tx.ExecContext(ctx,
		`insert into charges (id, request_id, input, output, cache_read, cache_write) values ($1, $2, $3, $4, $5, $6)
		 on conflict do nothing`,
		r.GetId(), r.GetInterceptionId(), r.GetInputTokens(), r.GetOutputTokens(),
		r.GetCacheReadInputTokens(), r.GetCacheWriteInputTokens())
	return err
}

func (entries) RecordInterceptionEnded(context.Context, *aibridgev1.InterceptionEnded) error {
	return nil
}

func (entries) RecordPromptUsage(context.Context, *aibridgev1.PromptUsage) error { return nil }

func (entries) RecordToolUsage(context.Context, *aibridgev1.ToolUsage) error { return nil }

func (entries) RecordModelThought(context.Context, *aibridgev1.ModelThought) error { return nil }
