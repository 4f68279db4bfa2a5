// Command recorderhost is a small host platform: it serves aibridge's RecorderService and keeps what data planes record
// in a SQLite file.
//
//	AIBRIDGE_GATEWAY_KEY=… recorderhost --listen 127.0.0.1:9190 --database records.db
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/aibridge/aibridge/sdk/go/channel"
	"github.com/aibridge/aibridge/sdk/go/recorder"
)

// Exit codes.
const (
	stopped  = 0
	failed   = 1
	misused  = 2
	envOfKey = "AIBRIDGE_GATEWAY_KEY"
)

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Getenv(envOfKey), os.Stdout, os.Stderr)
	cancel()
	os.Exit(code)
}

// run serves until ctx is cancelled and returns the exit code.
func run(ctx context.Context, arguments []string, key string, out, problems io.Writer) int {
	settings, err := readSettings(arguments, key, problems)
	if errors.Is(err, flag.ErrHelp) {
		return stopped
	}
	if err != nil {
		fmt.Fprintln(problems, err)
		return misused
	}
	if err := serve(ctx, settings, out); err != nil {
		fmt.Fprintln(problems, err)
		return failed
	}
	return stopped
}

type settings struct {
	listen       string
	database     string
	authenticate channel.Authenticate
}

func readSettings(arguments []string, key string, problems io.Writer) (settings, error) {
	var given settings
	flags := flag.NewFlagSet("recorderhost", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // run says what is wrong, once
	flags.StringVar(&given.listen, "listen", "127.0.0.1:9190", "loopback `address` to serve plaintext gRPC on; port 0 takes a free one")
	flags.StringVar(&given.database, "database", "records.db", "SQLite `file`; made if it is not there")
	if err := flags.Parse(arguments); errors.Is(err, flag.ErrHelp) {
		flags.SetOutput(problems)
		fmt.Fprintf(problems, "%s=… recorderhost [flags]\n", envOfKey)
		flags.PrintDefaults()
		return settings{}, err
	} else if err != nil {
		return settings{}, err
	}
	if flags.NArg() > 0 {
		return settings{}, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if err := checkLoopback(given.listen); err != nil {
		return settings{}, err
	}
	var err error
	if given.authenticate, err = channel.SharedKey(key); err != nil {
		return settings{}, fmt.Errorf("%s: %w", envOfKey, err)
	}
	return given, nil
}

// checkLoopback refuses to offer plaintext to a network: gateway keys and prompts go over it.
func checkLoopback(address string) error {
	resolved, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	if !resolved.IP.IsLoopback() {
		return fmt.Errorf("--listen: %s is not a loopback address; this example serves plaintext, which is not for a network", address)
	}
	return nil
}

func serve(ctx context.Context, settings settings, out io.Writer) (err error) {
	store, err := openStore(ctx, settings.database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	listener, err := net.Listen("tcp", settings.listen)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "recorder serves on %s\n", listener.Addr())
	return recorder.Serve(ctx, listener, recorder.NewService(store, settings.authenticate, nil))
}
