package main

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"os"

	"github.com/aibridge/aibridge/sdk/go/recorder"
	_ "modernc.org/sqlite" // registers the driver "sqlite", written in Go alone
)

//go:embed schema.sql
var schema string

// store keeps records in a SQLite file. It is a recorder.Store.
type store struct {
	db         *sql.DB
	statements statements
}

// openStore opens a SQLite file, or makes it, readable by its owner only: prompts are in it.
func openStore(ctx context.Context, path string) (*store, error) {
	if err := createPrivate(path); err != nil {
		return nil, err
	}
	// synchronous=full syncs the disk at each commit: without it, a power cut loses what was acknowledged. A transaction
	// takes the write lock when it begins, so that it waits for its turn then and cannot fail halfway.
	settings := url.Values{
		"_pragma": {"journal_mode(wal)", "synchronous(full)", "busy_timeout(5000)"},
		"_txlock": {"immediate"},
	}
	address := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: settings.Encode()}
	db, err := sql.Open("sqlite", address.String())
	if err != nil {
		return nil, err
	}
	// SQLite has one writer at a time: transactions wait for the connection instead of polling for the lock.
	db.SetMaxOpenConns(1)
	opened := &store{db: db}
	if err := opened.prepare(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("opening %s: %w", path, err), db.Close())
	}
	return opened, nil
}

// createPrivate makes an empty file unless there is one. SQLite gives its mode to the files beside it.
func createPrivate(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return file.Close()
}

func (s *store) prepare(ctx context.Context) error {
	if _, err := s.db.ExecContext(ctx, schema); err != nil {
		return err
	}
	var err error
	s.statements, err = prepare(ctx, s.db)
	return err
}

// Transaction implements recorder.Store.
func (s *store) Transaction(ctx context.Context, record func(recorder.Recorder) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after Commit
	if err := record(transaction{tx, s.statements}); err != nil {
		return err
	}
	return tx.Commit()
}

// Close closes the file. Nothing may be under way.
func (s *store) Close() error {
	return s.db.Close()
}
