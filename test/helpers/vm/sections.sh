# What a guest script reports with; read by transcript.ts.

# section NAME COMMAND ARGUMENT…: the output of COMMAND, under NAME; its errors under NAME.stderr
section() {
  section_name=$1
  shift
  echo "@@begin $section_name"
  "$@" 2>/run/section-stderr
  section_status=$?
  printf '\n@@end %s %s\n' "$section_status" "$section_name"
  [ -s /run/section-stderr ] || return 0
  echo "@@begin $section_name.stderr"
  cat /run/section-stderr
  printf '\n@@end 0 %s.stderr\n' "$section_name"
}

# tsnet_shoot ARGUMENT…: the built program
tsnet_shoot() {
  node "$tsnet_program" "$@"
}

# wait_until SECONDS COMMAND ARGUMENT…: until COMMAND succeeds; fails after SECONDS
wait_until() {
  wait_deadline=$(($(date +%s) + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    if [ "$(date +%s)" -ge "$wait_deadline" ]; then
      echo "still failing at its deadline: $*" >&2
      return 1
    fi
    sleep 0.2
  done
}
