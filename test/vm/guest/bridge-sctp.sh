# Published SCTP ports, on a kernel that speaks it; nothing may be skipped for want of it.
section run node node_modules/vitest/vitest.mjs run --project system --reporter json --outputFile /run/report.json \
  --testTimeout 300000 --hookTimeout 300000 test/system/driver/bridge-sctp
section report cat /run/report.json
