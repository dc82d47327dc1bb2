# Tools of the checks, built once for all runs into the folder $tools; read by other scripts with `. deploy/tools.sh`.

# A program of crates.io: program, package, version.
crate() {
    if ! [ -x "$tools/bin/$1" ] || ! grep -qF "\"$2 $3 " "$tools/.crates.toml" 2> /dev/null; then
        # A check runs for seconds: what its build takes counts, not its speed.
        CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
            CARGO_PROFILE_RELEASE_DEBUG=0 CARGO_TARGET_DIR="$tools/build" cargo install --quiet --locked --root "$tools" "$2" --version "$3"
    fi
}

# A program in Go: its name, the package, the version. Fails where there is no Go.
go_program() {
    [ "$(cat "$tools/go-$1.version" 2> /dev/null)" != "$3" ] || return 0
    command -v go > /dev/null || return 1
    # A module of its own, since some of these modules can't be installed by name.
    mkdir -p "$tools/go-$1" "$tools/bin"
    (cd "$tools/go-$1" && rm -f go.mod go.sum && go mod init tools && go get "$2@$3" && go build -o "$tools/bin/$1" "$2") > "$tools/go-$1.log" 2>&1 || return 1
    printf '%s\n' "$3" > "$tools/go-$1.version"
}

# A program in one file of this repository, with the modules that it needs: its name, the file, and module@version of each package.
go_file() {
    local name=$1 file=$2
    local wanted="${*:3} $(cksum < "$file")"
    [ "$(cat "$tools/go-$name.version" 2> /dev/null)" != "$wanted" ] || return 0
    command -v go > /dev/null || return 1
    mkdir -p "$tools/go-$name" "$tools/bin"
    cp "$file" "$tools/go-$name/main.go"
    (cd "$tools/go-$name" && rm -f go.mod go.sum && go mod init tools && go get "${@:3}" && go build -o "$tools/bin/$name" .) > "$tools/go-$name.log" 2>&1 || return 1
    printf '%s\n' "$wanted" > "$tools/go-$name.version"
}

# Packages for Python, with their versions, into $tools/python. Fails where there is no pip.
python_packages() {
    [ "$(cat "$tools/python.versions" 2> /dev/null)" != "$*" ] || return 0
    command -v python3 > /dev/null && python3 -m pip --version > /dev/null 2>&1 || return 1
    python3 -m pip install --quiet --disable-pip-version-check --upgrade --target "$tools/python" "$@" > "$tools/python.log" 2>&1 || return 1
    printf '%s\n' "$*" > "$tools/python.versions"
}
checks_in_python() { python_packages kubernetes-validate==1.37.0 'cyclonedx-python-lib[json-validation]==11.12.0'; }

# The packages for Python with which analysts ask, into $tools/clients.
client_packages() {
    local wanted
    wanted=$(cat tests/clients/packages.txt)
    [ "$(cat "$tools/clients.versions" 2> /dev/null)" != "$wanted" ] || return 0
    command -v python3 > /dev/null && python3 -m pip --version > /dev/null 2>&1 || return 1
    rm -rf "$tools/clients"
    python3 -m pip install --quiet --disable-pip-version-check --target "$tools/clients" -r tests/clients/packages.txt > "$tools/clients.log" 2>&1 || return 1
    printf '%s\n' "$wanted" > "$tools/clients.versions"
}

# The spelling checker, built by its authors, into $tools/spelling; from its source where there is no pip.
spelling_checker() {
    local wanted=1.52.0
    if command -v python3 > /dev/null && python3 -m pip --version > /dev/null 2>&1; then
        if [ "$(cat "$tools/spelling.version" 2> /dev/null)" != "$wanted" ]; then
            python3 -m pip install --quiet --disable-pip-version-check --upgrade --target "$tools/spelling" "typos==$wanted" || return 1
            printf '%s\n' "$wanted" > "$tools/spelling.version"
        fi
        spelling="$tools/spelling/bin/typos"
    else
        crate typos typos-cli "$wanted"
        spelling="$tools/bin/typos"
    fi
}

# Chromium and the packages that drive it, into $tools/console. Fails where there is no Node.js or no way to them.
console_check() {
    command -v node > /dev/null && command -v npm > /dev/null || return 1
    chromium=$(command -v chromium) || {
        apt-get update -q && apt-get install -yq --no-install-recommends chromium
    } > "$tools/chromium.log" 2>&1 || return 1
    chromium=$(command -v chromium)
    mkdir -p "$tools/console"
    cp tests/console/*.mjs "$tools/console/"
    cmp -s tests/console/package-lock.json "$tools/console/package-lock.json" && return 0
    cp tests/console/package.json tests/console/package-lock.json "$tools/console/"
    (cd "$tools/console" && npm ci --ignore-scripts --no-audit --no-fund) > "$tools/console.log" 2>&1 || {
        rm -f "$tools/console/package-lock.json"
        return 1
    }
}

# An environment of Python with the packages of a file. Fails where there is no Python that can make one, or no way to its packages.
python_venv() { # the folder, the file
    local wanted
    wanted=$(cat "$2")
    [ "$(cat "$1.versions" 2> /dev/null)" != "$wanted" ] || return 0
    command -v python3 > /dev/null && python3 -c 'import ensurepip, venv' 2> /dev/null || return 1
    rm -rf "$1" && mkdir -p "$(dirname "$1")"
    python3 -m venv "$1" > "$1.log" 2>&1 || return 1
    "$1/bin/python" -m pip install --quiet --disable-pip-version-check -r "$2" >> "$1.log" 2>&1 || return 1
    printf '%s\n' "$wanted" > "$1.versions"
}

# The driver for JDBC, into $tools/jdbc.
jdbc_driver=flight-sql-jdbc-driver-18.3.0.jar
jdbc_driver() {
    command -v java > /dev/null || return 1
    [ -f "$tools/jdbc/$jdbc_driver" ] && return 0
    command -v mvn > /dev/null || return 1
    mvn -q dependency:copy -Dartifact=org.apache.arrow:flight-sql-jdbc-driver:18.3.0 -DoutputDirectory="$tools/jdbc" > "$tools/jdbc.log" 2>&1
}

# The jars of a Maven project, into $tools/NAME/lib: maven_jars NAME FOLDER. What is compiled there is, too.
maven_jars() {
    command -v java > /dev/null && command -v mvn > /dev/null || return 1
    local built="$tools/$1"
    cmp -s "$2/pom.xml" "$built/built.xml" && [ -d "$built/lib" ] && return 0
    rm -rf "$built"
    mkdir -p "$built"
    cp -R "$2/." "$built/"
    (cd "$built" && mvn -q -B compile dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory=lib) > "$tools/$1.log" 2>&1 || return 1
    cp "$2/pom.xml" "$built/built.xml"
}

# Keycloak, an issuer of accounts, into $tools/keycloak. Fails where there is no Java or Maven, or no way to it.
keycloak_issuer() {
    command -v java > /dev/null && command -v jar > /dev/null && command -v mvn > /dev/null || return 1
    mkdir -p "$tools"
    timeout 120 tests/oidc/keycloak "$tools/keycloak" > "$tools/keycloak.log" 2>&1
}
