package main

import (
	"context"
	"database/sql"
	"fmt"
)

// One statement for each kind of record. A record that comes again changes nothing.
const (
	insertInterception = `insert into interceptions (id, initiator_id, api_key_id, provider, provider_name, model, route,
		streaming, started_at, client, client_session_id, user_agent, correlating_tool_call_id, credential_kind,
		credential_hint, gateway_id, metadata)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing`

	// A real end replaces a provisional one, never the reverse; of two real ones the first stays.
	insertInterceptionEnd = `insert into interception_ends (interception_id, id, ended_at, outcome, provisional,
		http_status, error_type, error_message, time_to_first_byte, credential_hint, upstream_turns)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		on conflict (interception_id) do update set id = excluded.id, ended_at = excluded.ended_at,
		outcome = excluded.outcome, provisional = excluded.provisional, http_status = excluded.http_status,
		error_type = excluded.error_type, error_message = excluded.error_message,
		time_to_first_byte = excluded.time_to_first_byte, credential_hint = excluded.credential_hint,
		upstream_turns = excluded.upstream_turns
		where interception_ends.provisional = 1 and excluded.provisional = 0`

	insertTokenUsage = `insert into token_usages (id, interception_id, message_id, input_tokens, output_tokens,
		cache_read_input_tokens, cache_write_input_tokens, extra_token_types, source, service_tier, created_at, metadata)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing`

	insertPromptUsage = `insert into prompt_usages (id, interception_id, message_id, prompt, created_at, metadata)
		values (?, ?, ?, ?, ?, ?) on conflict do nothing`

	insertToolUsage = `insert into tool_usages (id, interception_id, message_id, tool_call_id, tool, server_url, input,
		injected, invocation_error, duration, created_at, metadata)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing`

	insertModelThought = `insert into model_thoughts (id, interception_id, message_id, content, source, created_at,
		metadata) values (?, ?, ?, ?, ?, ?, ?) on conflict do nothing`
)

// statements are prepared once, by their text.
type statements map[string]*sql.Stmt

func prepare(ctx context.Context, db *sql.DB) (statements, error) {
	prepared := statements{}
	for _, text := range []string{
		insertInterception, insertInterceptionEnd, insertTokenUsage, insertPromptUsage, insertToolUsage, insertModelThought,
	} {
		statement, err := db.PrepareContext(ctx, text)
		if err != nil {
			return nil, fmt.Errorf("preparing %q: %w", text, err)
		}
		prepared[text] = statement
	}
	return prepared, nil
}
