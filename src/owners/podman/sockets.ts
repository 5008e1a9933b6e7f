/** podman-system-service(1): the API of root's containers; rootless ones are under /run/user/UID. */
export const PODMAN_SOCKETS = ['/run/podman/podman.sock', `/run/user/${process.getuid?.() ?? 0}/podman/podman.sock`]
