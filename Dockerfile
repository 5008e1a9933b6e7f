# Two images: `docker build --target minimal .` has tsnet-shoot and what it calls, `docker build .` the tools that people
# expect beside it as well. For amd64 and arm64; where a registry is not reachable, DEBIAN and NODE name local images.
ARG DEBIAN=debian:bookworm-slim
ARG NODE=node:20.20.2-bookworm-slim

FROM ${NODE} AS build
WORKDIR /build
COPY package.json package-lock.json ./
COPY packages/netlink-ts/package.json packages/netlink-ts/
COPY packages/iperf3-parser/package.json packages/iperf3-parser/
RUN npm ci --no-audit --no-fund
COPY . .
RUN node scripts/build.mjs
# what is not bundled: koffi, with the binary of this architecture alone
RUN npm pack --ignore-scripts --silent \
 && mkdir /tsnet-shoot \
 && tar --extract --file tsnet-shoot-*.tgz --strip-components 1 --directory /tsnet-shoot \
 && mkdir --parents /tsnet-shoot/node_modules/@koromix \
 && cp -r node_modules/koffi /tsnet-shoot/node_modules/ \
 && cp -r node_modules/@koromix/koffi-linux-* /tsnet-shoot/node_modules/@koromix/ \
 && rm -r /tsnet-shoot/node_modules/koffi/vendor /tsnet-shoot/node_modules/koffi/doc /tsnet-shoot/node_modules/@koromix/*/musl_* \
 && cp "$(command -v node)" /node

FROM ${DEBIAN} AS minimal
LABEL org.opencontainers.image.title="tsnet-shoot" \
      org.opencontainers.image.description="Network troubleshooting toolkit and inspector for container hosts" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.documentation="docs/container.md" \
      org.opencontainers.image.base.name="debian:bookworm-slim"
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
      ca-certificates iperf3 iproute2 iptables libpcap0.8 nftables \
 && rm -rf /var/lib/apt/lists/* /var/cache/* /var/log/*.log /var/log/apt/* \
 && useradd --system --uid 65532 --user-group --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin tsnet
COPY --from=build /node /usr/local/bin/node
COPY --from=build /tsnet-shoot /opt/tsnet-shoot
COPY container/entrypoint.sh /usr/local/bin/tsnet-entrypoint
COPY container/health.mjs /opt/tsnet-shoot/health.mjs
RUN ln -s /opt/tsnet-shoot/dist/tsnet-shoot.js /usr/local/bin/tsnet-shoot && tsnet-shoot --version
ENV LANG=C.UTF-8 TSNET_CHECKS=/etc/tsnet-shoot/checks.yaml TSNET_LISTEN=127.0.0.1:9469
HEALTHCHECK --interval=30s --timeout=10s --start-period=10s CMD ["node", "/opt/tsnet-shoot/health.mjs"]
ENTRYPOINT ["tsnet-entrypoint"]

FROM minimal AS full
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
      apache2-utils bind9-dnsutils bird2 bridge-utils busybox-static conntrack curl dhcping ethtool file fping hping3 \
      iftop iperf ipset iptraf-ng iputils-arping iputils-ping iputils-tracepath ipvsadm jq kmod ldnsutils less lsof \
      mtr-tiny net-tools netcat-openbsd ngrep nmap openssl procps psmisc socat strace tcpdump tcptraceroute termshark \
      traceroute tshark vim-tiny wireguard-tools \
 && ln -s vim.tiny /usr/bin/vim \
 && rm -rf /var/lib/apt/lists/* /var/cache/* /var/log/*.log /var/log/apt/*
