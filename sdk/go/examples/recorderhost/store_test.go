package main

import (
	"os"
	"slices"
	"testing"

	aibridgev1 "github.com/aibridge/aibridge/sdk/go/gen/aibridge/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// tables with the rows that fullRecords and bareRecords have to become.
var tables = []struct{ name, full, bare string }{
	{
		"interceptions",
		row(uuid(1), "alice", "key", "anthropic", "anthropic-eu", "claude-sonnet-4-5", "/v1/messages", 1, someMicros,
			"Claude Code", "session", "claude-cli/2.1.330", "toolu_1", "CREDENTIAL_KIND_BYOK", "sk-a…4f2c", "eu-1",
			`{"count":2,"team":"billing"}`),
		row(uuid(1), "", "", "", "", "", "", 0, someMicros, "", nil, "", nil, "CREDENTIAL_KIND_UNSPECIFIED", "", "", `{}`),
	},
	{
		"interception_ends",
		row(uuid(1), uuid(2), someMicros, "INTERCEPTION_OUTCOME_FAILED", 0, 529, "overloaded_error",
			"the provider is overloaded", 1_500_000, "sk-b…9d1e", 3),
		row(uuid(1), uuid(2), someMicros, "INTERCEPTION_OUTCOME_COMPLETED", 0, 0, "", "", nil, "", 0),
	},
	{
		"token_usages",
		row(uuid(3), uuid(1), "msg_1", 2095, 503, 18000, 1<<60, `{"a":1152921504606846976,"b":1}`,
			"USAGE_SOURCE_PARTIAL", "standard", someMicros, `{"count":2,"team":"billing"}`),
		row(uuid(3), uuid(1), "", 0, 0, 0, 0, `{}`, "USAGE_SOURCE_MISSING", "", someMicros, `{}`),
	},
	{
		"prompt_usages",
		row(uuid(4), uuid(1), "msg_1", "why?\x00\n\U0001f914", someMicros, `{"count":2,"team":"billing"}`),
		row(uuid(4), uuid(1), "", "", someMicros, `{}`),
	},
	{
		"tool_usages",
		row(uuid(5), uuid(1), "msg_1", "toolu_2", "ask", "https://mcp.example.com/mcp", "{not json", 1, "timeout",
			60_000_000, someMicros, `{"count":2,"team":"billing"}`),
		row(uuid(5), uuid(1), "", "", "", nil, "", 0, nil, nil, someMicros, `{}`),
	},
	{
		"model_thoughts",
		row(uuid(6), uuid(1), "msg_1", "hm", "THOUGHT_SOURCE_REASONING_SUMMARY", someMicros, `{"count":2,"team":"billing"}`),
		row(uuid(6), uuid(1), "", "", "THOUGHT_SOURCE_THINKING", someMicros, `{}`),
	},
}

func TestEveryMemberIsStored(t *testing.T) {
	database := databaseFile(t)
	host := startHost(t, database)
	host.record(t, fullRecords(t)...)
	db := openDatabase(t, database)
	for _, table := range tables {
		if got := rows(t, db, "select * from "+table.name); !slices.Equal(got, []string{table.full}) {
			t.Errorf("%s: got %q, want %q", table.name, got, table.full)
		}
	}
}

func TestRecordsThatComeAgainChangeNothing(t *testing.T) {
	database := databaseFile(t)
	host := startHost(t, database)
	host.record(t, bareRecords()...)
	host.record(t, fullRecords(t)...) // the same ids: the first receipt counts
	db := openDatabase(t, database)
	for _, table := range tables {
		if got := rows(t, db, "select * from "+table.name); !slices.Equal(got, []string{table.bare}) {
			t.Errorf("%s: got %q, want %q", table.name, got, table.bare)
		}
	}
}

func TestWhichEndStays(t *testing.T) {
	for name, test := range map[string]struct {
		ends []*aibridgev1.InterceptionEnded
		want string
	}{
		"a real end replaces a provisional one": {[]*aibridgev1.InterceptionEnded{end(1, 9, true), end(2, 9, false)}, row(uuid(2), 0)},
		"a provisional one never a real one":    {[]*aibridgev1.InterceptionEnded{end(1, 9, false), end(2, 9, true)}, row(uuid(1), 0)},
		"the first of two real ones":            {[]*aibridgev1.InterceptionEnded{end(1, 9, false), end(2, 9, false)}, row(uuid(1), 0)},
		"the first of two provisional ones":     {[]*aibridgev1.InterceptionEnded{end(1, 9, true), end(2, 9, true)}, row(uuid(1), 1)},
	} {
		t.Run(name, func(t *testing.T) {
			database := databaseFile(t)
			host := startHost(t, database)
			for _, ended := range test.ends {
				host.record(t, &aibridgev1.Record{
					Sequence: 1, Record: &aibridgev1.Record_InterceptionEnded{InterceptionEnded: ended},
				})
			}
			got := rows(t, openDatabase(t, database), "select id, provisional from interception_ends")
			if !slices.Equal(got, []string{test.want}) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestNothingOfAFailedBatchIsStored(t *testing.T) {
	database := databaseFile(t)
	host := startHost(t, database)
	db := openDatabase(t, database)
	exec := func(statement string) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	exec("alter table model_thoughts rename to moved")
	stream := host.openStream(t)
	if err := stream.Send(&aibridgev1.StreamRecordsRequest{Records: bareRecords()}); err != nil {
		t.Fatal(err)
	}
	if response, err := stream.Recv(); status.Code(err) != codes.Unavailable {
		t.Errorf("got %v, %v; want code Unavailable", response, err)
	}
	if got := rows(t, db, "select id from prompt_usages"); len(got) > 0 {
		t.Errorf("of the failed batch were stored: %q", got)
	}
	exec("alter table moved rename to model_thoughts")
	host.record(t, bareRecords()...)
}

func TestTheFileIsForItsOwnerOnly(t *testing.T) {
	database := databaseFile(t)
	startHost(t, database).record(t, bareRecords()...)
	for _, path := range []string{database, database + "-wal"} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("%s has mode %o", path, mode)
		}
	}
}
