create table if not exists interceptions (
  id text primary key,
  initiator_id text not null,
  api_key_id text not null,
  provider text not null,
  provider_name text not null,
  model text not null,
  route text not null,
  streaming integer not null,
  started_at integer not null,
  client text not null,
  client_session_id text,
  user_agent text not null,
  correlating_tool_call_id text,
  credential_kind text not null,
  credential_hint text not null,
  gateway_id text not null,
  metadata text not null
);

create table if not exists interception_ends (
  interception_id text primary key,
  id text not null,
  ended_at integer not null,
  outcome text not null,
  provisional integer not null,
  http_status integer not null,
  error_type text not null,
  error_message text not null,
  time_to_first_byte integer,
  credential_hint text not null,
  upstream_turns integer not null
);

create table if not exists token_usages (
  id text primary key,
  interception_id text not null,
  message_id text not null,
  input_tokens integer not null,
  output_tokens integer not null,
  cache_read_input_tokens integer not null,
  cache_write_input_tokens integer not null,
  extra_token_types text not null,
  source text not null,
  service_tier text not null,
  created_at integer not null,
  metadata text not null
);

create table if not exists prompt_usages (
  id text primary key,
  interception_id text not null,
  message_id text not null,
  prompt text not null,
  created_at integer not null,
  metadata text not null
);

create table if not exists tool_usages (
  id text primary key,
  interception_id text not null,
  message_id text not null,
  tool_call_id text not null,
  tool text not null,
  server_url text,
  input text not null,
  injected integer not null,
  invocation_error text,
  duration integer,
  created_at integer not null,
  metadata text not null
);

create table if not exists model_thoughts (
  id text primary key,
  interception_id text not null,
  message_id text not null,
  content text not null,
  source text not null,
  created_at integer not null,
  metadata text not null
);

create index if not exists interceptions_by_initiator on interceptions (initiator_id, started_at);
create index if not exists token_usages_by_interception on token_usages (interception_id);
create index if not exists prompt_usages_by_interception on prompt_usages (interception_id);
create index if not exists tool_usages_by_interception on tool_usages (interception_id);
create index if not exists model_thoughts_by_interception on model_thoughts (interception_id);
