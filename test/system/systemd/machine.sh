#!/bin/sh
# A machine of its own for a test: the files of this one (changes are lost with it), and systemd as its first process, in
# namespaces of their own. Prints the pid of systemd; everything ends when standard input does. Wants root.
# REPOSITORY appears as /opt/haweight, NODE as /usr/local/bin/node, beside a haweight as npm would link it.
# Usage: unshare --mount --propagation private machine.sh FOLDER REPOSITORY NODE
set -eu
folder=$1 repository=$2 node=$3
mount -t tmpfs tmpfs "$folder"
cd "$folder"
mkdir up work root group
mount -t cgroup2 cgroup2 group
group=group/haweight-test-$$
mkdir "$group"
mount -t overlay overlay -o lowerdir=/,upperdir=up,workdir=work root
cat > first.sh <<'END'
set -eu
cd root
mount -t proc proc proc
mount -o bind,ro proc/sys proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs tmpfs run
mount -t tmpfs -o mode=755 tmpfs dev
for name in null zero full random urandom tty; do touch dev/$name; mount --bind /dev/$name dev/$name; done
mkdir dev/shm dev/pts opt/haweight
ln -s pts/ptmx dev/ptmx
mount -t devpts -o newinstance,ptmxmode=666 devpts dev/pts
mount -t tmpfs tmpfs dev/shm
mount --bind "$1" opt/haweight
touch usr/local/bin/node
mount --bind "$2" usr/local/bin/node
printf '#!/bin/sh\nexec node /opt/haweight/cli/bin.ts "$@"\n' > usr/local/bin/haweight
chmod 755 usr/local/bin/haweight
rm -rf etc/systemd/system/* etc/machine-id
echo 00000000000000000000000000000001 > etc/machine-id
printf '[Unit]\nDescription=nothing but what a test starts\n' > etc/systemd/system/quiet.target
mkdir .before
pivot_root . .before
umount -l /.before
rmdir /.before
mount --make-rshared /
exec env -i container=haweight-test PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  /lib/systemd/systemd --system --unit=quiet.target --log-target=null --show-status=no < /dev/null > /dev/null 2>&1
END
sh -c 'echo 0 > "$1/cgroup.procs"; exec unshare --pid --fork --cgroup --uts --ipc --net --mount --propagation private --kill-child sh first.sh "$2" "$3"' \
  machine "$group" "$repository" "$node" < /dev/null 2> errors &
parent=$!
first=
until [ -n "$first" ]; do
  kill -0 "$parent" 2> /dev/null || { cat errors >&2; exit 1; }
  first=$(cat "/proc/$parent/task/$parent/children" | tr -d ' ')
done
echo "$first"
cat > /dev/null
kill -s KILL "$first" || true
wait "$parent" || true
# the kernel takes its time to empty the groups of what was killed
tries=100
until find "$group" -depth -type d -exec rmdir {} + 2> /dev/null; do
  tries=$((tries - 1))
  [ "$tries" -gt 0 ] || exit 1
  sleep 0.1
done
