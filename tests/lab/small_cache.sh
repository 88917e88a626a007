# Runs `lab up` with a cache on a file system of 8 MiB, in a mount namespace of its own.
. "$(dirname "$0")/common.sh"
mkdir "$work/cache"
# shellcheck disable=SC2016
exec unshare -rm sh -c 'mount -t tmpfs -o size=8m small "$1" && XDG_CACHE_HOME=$1 exec "$2" lab up --name refusal' sh "$work/cache" "$BULKHEAD"
