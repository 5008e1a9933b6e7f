# The network drivers on a kernel that has VLANs, dummy links and ipvlan; nothing may be skipped for want of them.
section run node node_modules/vitest/vitest.mjs run --project system --reporter json --outputFile /run/report.json \
  --testTimeout 300000 --hookTimeout 300000 test/system/driver/macvlan.test.ts test/system/driver/ipvlan.test.ts
section report cat /run/report.json
