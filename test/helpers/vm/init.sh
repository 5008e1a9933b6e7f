#!/bin/sh
# First process of the guest, in the initramfs: puts the host's root below a tmpfs and goes on there.
# The kernel hands its unknown NAME=VALUE parameters over as environment: $tsnet_guest and what it needs.
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
for module in /modules/*.ko; do insmod "$module"; done
mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=262144,cache=loose host /lower
mount -t tmpfs -o size=60% rw /rw
mkdir /rw/upper /rw/work
mount -t overlay -o lowerdir=/lower,upperdir=/rw/upper,workdir=/rw/work root /root
for folder in dev proc sys; do mount --move /$folder /root/$folder; done
exec switch_root /root /bin/sh "$tsnet_guest"
