# A container engine that works here, for other scripts: `. deploy/tools.sh`, then `. deploy/engine.sh`, then `engine FOLDER`.
# It sets DOCKER_HOST for `compose`, and defines `build_image IMAGE CONTEXT`, `compose …` and `engine_stop`. Where there is none it
# fails, and engine_lack says why.
#
# Docker is taken where its daemon answers. Else podman serves the same interface from FOLDER, as root, without systemd; this needs
# no right that a container could not have: limits of resources stay as they are, and in the mount namespace of podman alone the
# second hierarchy of control groups is hidden where there are two, since crun can't work with both, and /dev/null is another one,
# since crun gives it to the user of the container.
engine_lack=
engine_pid=
engine_folder=

compose_version=v2.40.3
engine() {
    local folder=$1
    engine_folder=$folder # engine_stop is called when this function has ended
    engine_stop() { :; }
    if docker info > /dev/null 2>&1; then
        build_image() { docker build --quiet --file deploy/container/Containerfile --tag "$1" "$2"; }
    else
        [ "$(id -u)" = 0 ] || { engine_lack="no docker daemon, and podman is only tried as root"; return 1; }
        if ! command -v podman > /dev/null || ! command -v crun > /dev/null || ! [ -x /usr/lib/podman/netavark ]; then
            local packages=(podman crun netavark aardvark-dns iptables)
            { apt-get update -q && apt-get install -yq --no-install-recommends "${packages[@]}"; } > /dev/null 2>&1 ||
                { engine_lack="no docker daemon, and podman can't be installed"; return 1; }
        fi
        mkdir -p "$folder"
        printf '[storage]\ndriver = "vfs"\ngraphroot = "%s/storage"\nrunroot = "%s/run"\n' "$folder" "$folder" > "$folder/storage.conf"
        cat > "$folder/containers.conf" << END
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
runtime = "crun"
cgroup_manager = "cgroupfs"
events_logger = "file"
exit_command_delay = 20
[network]
network_backend = "netavark"
network_config_dir = "$folder/networks"
END
        export CONTAINERS_STORAGE_CONF=$folder/storage.conf CONTAINERS_CONF=$folder/containers.conf
        build_image() { podman build --format docker --isolation chroot --quiet --file deploy/container/Containerfile --tag "$1" "$2"; }
        unshare --mount sh -c '
            set -e
            ! [ -d /sys/fs/cgroup/unified ] || umount /sys/fs/cgroup/unified
            mknod -m 666 "$1/null" c 1 3
            mount --bind "$1/null" /dev/null
            exec podman system service --time=0 "unix://$1/podman.sock" < /dev/null' \
            sh "$folder" > "$folder/service.log" 2>&1 &
        engine_pid=$!
        # A container's exit command runs after its delay and writes into the folder, so nobody may remove it before. The brackets
        # keep the search from finding itself.
        engine_stop() {
            kill "$engine_pid" 2> /dev/null || true
            wait "$engine_pid" 2> /dev/null || true
            for _ in $(seq 60); do
                grep -qs "${engine_folder%?}[${engine_folder: -1}]/" /proc/[0-9]*/cmdline || break
                sleep 1
            done
        }
        for _ in $(seq 30); do
            [ ! -S "$folder/podman.sock" ] || break
            kill -0 "$engine_pid" 2> /dev/null || break
            sleep 1
        done
        if ! [ -S "$folder/podman.sock" ]; then
            engine_lack="podman does not serve here: $(tail -n 1 "$folder/service.log")"
            return 1
        fi
        export DOCKER_HOST=unix://$folder/podman.sock
    fi
    if docker compose version > /dev/null 2>&1; then
        compose_command=(docker compose)
    elif go_program docker-compose github.com/docker/compose/v2/cmd "$compose_version"; then
        compose_command=("$tools/bin/docker-compose")
    else
        engine_lack="docker compose is missing, and can't be built (go: github.com/docker/compose/v2/cmd $compose_version)"
        engine_stop
        return 1
    fi
    compose() { "${compose_command[@]}" "$@"; }
}
