# A real one-node Docker Swarm: ingress mesh, a load-balanced service and an encrypted overlay network.
set -e
export DOCKER_HOST=unix:///run/docker.sock

# the way outside ends at somebody: the doctor looks at that too
ip netns add outside
ip link add eth0 type veth peer name eth0 netns outside
ip -n outside address add 192.168.99.254/24 dev eth0
ip -n outside link set eth0 up
ip -n outside link set lo up
# and it knows the way to every network, whether it may go there or not
for network in 10.0.0.0/8 172.16.0.0/12; do ip -n outside route add "$network" via 192.168.99.1; done
ip address add 192.168.99.1/24 dev eth0
ip link set eth0 up
ip route add default via 192.168.99.254

mkdir -p /run/docker-data /run/image/bin
mount -t tmpfs docker-data /run/docker-data
# the daemon starts itself again for every sandbox: emulated, its garbage collector would take half of the time
GOGC=1000 dockerd --bridge none --userland-proxy=false --storage-driver vfs --data-root /run/docker-data --exec-root /run/docker \
  --pidfile /run/dockerd.pid --host "$DOCKER_HOST" >/run/dockerd.log 2>&1 &
trap 'section dockerd-log tail -n 40 /run/dockerd.log' EXIT
wait_until 90 docker version

cp /bin/busybox /run/image/bin/
for command in sh sleep httpd wget; do ln -s busybox "/run/image/bin/$command"; done
mkdir /run/image/www
echo "answer from the service" >/run/image/www/index.html
tar -C /run/image -c . | docker import - box >/dev/null

docker swarm init --advertise-addr 192.168.99.1 >/dev/null
docker network create --driver overlay --attachable app >/dev/null
docker network create --driver overlay --opt encrypted --attachable secret >/dev/null
docker service create --detach --quiet --no-resolve-image --name web --replicas 2 --network app --publish 8080:80 \
  box httpd -f -p 80 -h /www >/dev/null
docker create --name plain --network secret box sleep 3600 >/dev/null

both_run() { [ "$(docker ps --quiet --filter label=com.docker.swarm.service.name=web | wc -l)" = 2 ]; }
answers() {
  timeout 5 bash -c 'exec 3<>/dev/tcp/192.168.99.1/8080; printf "GET / HTTP/1.0\r\n\r\n" >&3; cat <&3' | grep answer
}
wait_until 200 both_run
wait_until 90 answers
# beside them what a host without a swarm has: a bridge network with published ports
docker network create back >/dev/null
for number in $(seq 17); do
  docker run --detach --name "back$number" --network back --publish "$((8100 + number)):80" box httpd -f -p 80 -h /www >/dev/null
done
# the daemon gives an attachment 20 s, which emulation may need more than once
wait_until 120 docker start plain
set +e

section docker-containers docker inspect --format '{{.Id}} {{slice .Name 1}} {{.State.Pid}}' $(docker ps --quiet)
section docker-tasks docker inspect --format '{{index .Config.Labels "com.docker.swarm.task.id"}}' \
  $(docker ps --quiet --filter label=com.docker.swarm.service.name=web)
section docker-networks docker network ls --no-trunc --format '{{.Name}} {{.ID}}'
section vni-of-app docker network inspect app --format '{{index .Options "com.docker.network.driver.overlay.vxlanid_list"}}'
section sandboxes stat --dereference --format '%n %i' /run/docker/netns/*
section answer answers
for sandbox in /run/docker/netns/*; do
  section "ipvsadm:$(basename "$sandbox")" nsenter --net="$sandbox" ipvsadm -Ln
done
section ns tsnet_shoot ns --json
section show-ipvs tsnet_shoot show ipvs --json
tsnet_shoot snapshot -o /run/snapshot.json
section snapshot cat /run/snapshot.json
# the guest names a resolver that is not there, which is what would be found
echo 'nameserver 192.168.99.254' >/etc/resolv.conf
section doctor tsnet_shoot doctor --json

# every pair for real, and three ways through the balancers
section tried node "$tsnet_try_pairs" /run/snapshot.json 8080 $(seq 8101 8117)
task=$(docker ps --format '{{.Names}}' --filter label=com.docker.swarm.service.name=web | head -n 1)
app=$(docker network inspect app --format '{{.ID}}')
virtual=$(docker service inspect web --format '{{range .Endpoint.VirtualIPs}}{{println .NetworkID .Addr}}{{end}}' |
  sed -n "s#^$app \\(.*\\)/.*#\\1#p")
section trace-service tsnet_shoot trace "$task" "$virtual:80" --json
section trace-mesh tsnet_shoot trace back1 192.168.99.1:8080 --json
section trace-outside tsnet_shoot trace outside 192.168.99.1:8080 --json
