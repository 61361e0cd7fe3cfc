# To be sourced: starts and stops the demo company on a free port, with a database of its own.

# Prints why something failed and what the server said last, and ends.
fail() {
  printf '%s; the last the server said:\n' "$1" >&2
  tail -n 50 "$scratch/log" >&2
  exit 1
}

# Asks until the answer is yes, as long as the server lives and a minute has not passed.
wait_until() {
  local deadline=$((SECONDS + 60))
  until "$@"; do
    kill -0 "$server" 2>/dev/null || fail 'the server stopped'
    ((SECONDS < deadline)) || fail "a minute passed and it was not $1"
    sleep 0.1
  done
}

# The demo binds a free port and prints where its documentation is.
announced() { EVENHAND_URL=$(grep -om1 'http://[^ ]*/docs' "$scratch/log") && EVENHAND_URL=${EVENHAND_URL%/docs}; }
ready() { curl --fail --silent --output /dev/null "$EVENHAND_URL/readyz"; }

# Starts the program $1, with the options that follow, and exports where it is and how to sign in.
start_demo() {
  local program=$1
  shift
  scratch=$(mktemp -d)
  DATABASE_URL="sqlite://$scratch/evenhand.sqlite" "$program" demo --port 0 "$@" >"$scratch/log" 2>&1 &
  server=$!
  trap stop_demo EXIT
  wait_until announced
  wait_until ready
  export EVENHAND_URL
  export EVENHAND_TENANT=${EVENHAND_TENANT:-elmwind}
  export EVENHAND_LOGIN=${EVENHAND_LOGIN:-hr-admin}
  export EVENHAND_PASSWORD=${EVENHAND_PASSWORD:-elmwind-demo}
}

stop_demo() {
  kill "$server" 2>/dev/null || true
  wait "$server" 2>/dev/null || true
  rm -rf "$scratch"
}
