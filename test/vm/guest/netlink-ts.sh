# The tests of netlink-ts against ip, bridge and tc, on a kernel that lacks nothing; nothing may be skipped for want of it.
section run node node_modules/vitest/vitest.mjs run --project system --reporter json --outputFile /run/report.json \
  --testTimeout 300000 --hookTimeout 300000 packages/netlink-ts/test/system/link- packages/netlink-ts/test/system/object-
section report cat /run/report.json
