# The tests of the userland proxy on a kernel with SCTP.
section run node node_modules/vitest/vitest.mjs run --project system --reporter json --outputFile /run/report.json \
  --testTimeout 300000 --hookTimeout 300000 test/system/driver/proxy
section report cat /run/report.json
