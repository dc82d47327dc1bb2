# A pilot: a league, a city with two datasets, a firm with contracts on both, and a stranger of another league. Read by scripts that
# ask it, with `. deploy/pilot.sh`, after they have said how each of them runs; deploy/smoke says what they must define.
purpose=traffic-planning
long_rows=400000

# Evaluates a Python expression over `rows`, the JSON objects of standard input, one a line.
facts() {
    python3 -c 'import json, sys
rows = [json.loads(line) for line in sys.stdin if line.strip()]
print(eval(sys.argv[1]))' "$1"
}

# What a server makes of a client that presents this certificate, or none: `served`, or how it ended the connection. In TLS 1.3 the
# client's handshake is over before the server has judged its certificate, so only an answer counts.
probe() {
    python3 - "$(probe_address)" "$@" << 'END'
import socket, ssl, sys
host, port = sys.argv[1].rsplit(":", 1)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
context.set_alpn_protocols(["h2"])
if len(sys.argv) > 2:
    context.load_cert_chain(sys.argv[2] + "/tls.crt", sys.argv[2] + "/tls.key")
try:
    with socket.create_connection((host, int(port)), 30) as plain, context.wrap_socket(plain) as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")
        print("served" if connection.recv(16) else "closed without an alert")
except ssl.SSLError as error:
    print(f"refused: {error.reason}")
except OSError as error:
    print(f"unreachable: {error}")
END
}

admit() { # the league's folder, the identity, the participant's command
    "$3" request > "$work/$2.request" || fail "$2 does not print its request"
    league league admit "$inner/$2.request" --dir "$inner/$1" --output "$inner/$2.join" > /dev/null || fail "the league does not admit $2"
}
join() { # the identity, the participant's command
    "$2" --yes join "$(join_file "$1")" < "$work/$1.join" > /dev/null || fail "$1 can't join with what the league sent"
}

# Waits until the city serves its firm: a bounded number of looks, each of which can only say "not yet".
served_to_members() {
    local found
    for _ in $(seq "$limit"); do
        found=$( (probe "$(firm_keys)") 2> /dev/null) || found="no address yet"
        [ "$found" != served ] || break
        sleep 1
    done
    [ "$found" = served ] || fail "the city does not serve a member of its league: $found. It said: $(city_log | tail -n 5)"
}

# From an empty folder to two contracts.
pilot() {
    local dataset
    league league init "$inner/league" --name "Smoke league" > /dev/null
    league league init "$inner/other" --name "Another league" > /dev/null
    league init "$inner/stranger" --id stranger.example --name "Stranger" > /dev/null
    start
    before

    # Who is admitted first is admitted once more, so that both know of each other from the start.
    admit league "$city_id" city
    admit league "$firm_id" firm
    admit league "$city_id" city
    admit other stranger.example stranger
    join "$firm_id" firm
    join stranger.example stranger

    printf 'site,day,bikes\nHafen,2026-05-01,310\nHafen,2026-05-02,502\nBahnhof,2026-05-01,1204\nBahnhof,2026-05-02,1188\nInsel,2026-05-01,77\n' |
        put bikes.csv
    seq "$long_rows" |
        awk 'BEGIN { print "id,signal" } { s = "s"; for (i = 0; i < 12; i++) s = s sprintf("%08d", rand() * 1e8); print $1 "," s }' |
        put passages.csv
    put policies/planning.toml << END
title   = "Traffic planning, without the small site"
purpose = ["$purpose"]
columns = ["site", "day", "bikes"]
rows    = "site <> 'Insel'"
END
    put policies/passages.toml << END
title   = "Single passages"
purpose = ["$purpose"]
columns = "all"
END
    {
        get hansa.toml
        cat << END

[purpose.$purpose]
parent = "dpv:PublicBenefit"
text = "planning of roads, signals and public transport"

[[dataset]]
name = "bikes"
title = "Bicycle counts"
licence = "CC-BY-4.0"
source = { kind = "text", path = "bikes.csv", delimiter = "," }
column = [{ name = "site", type = "text" }, { name = "day", type = "date" }, { name = "bikes", type = "int" }]

[[dataset]]
name = "passages"
title = "Single passages"
licence = "proprietary"
source = { kind = "text", path = "passages.csv", delimiter = "," }
column = [{ name = "id", type = "int" }, { name = "signal", type = "text" }]

[[offer]]
dataset = "bikes"
policy = "planning"
to = "league"
sign = "auto"

[[offer]]
dataset = "passages"
policy = "passages"
to = "league"
sign = "auto"
END
    } > "$work/hansa.toml"
    put hansa.toml < "$work/hansa.toml"
    join "$city_id" city
    joined

    served_to_members
    ok "the city serves a member of its league"

    city dataset publish > /dev/null || fail "the city can't publish its datasets"
    firm peer add "$(address)" --id "$city_id" > /dev/null || fail "the firm can't reach the city"
    alias=${city_id%%.*}
    for dataset in bikes passages; do
        firm contract request "$alias.$dataset" --sign > /dev/null || fail "the firm gets no contract on $dataset"
    done
}
stranger() { league --config "$inner/stranger" "$@"; }

# Begins an answer that is long, and waits for its first row. Its reader takes no further row until `end_stream`. What lies between
# it and the city can hold only a part of the table, so the answer is under way until then.
begin_stream() {
    local first
    mkfifo "$work/first" "$work/go"
    {
        local code=0
        echo "SELECT id, signal FROM $alias.passages;" | firm --json sql --purpose "$purpose" 2> "$work/reason" || code=$?
        echo "$code" > "$work/code"
    } | {
        local row=
        IFS= read -r row || true
        printf '%s\n' "$row" > "$work/first"
        read -r _ < "$work/go"
        printf '%s\n' "$row"
        cat
    } > "$work/stream" &
    reader=$!
    IFS= read -r first < "$work/first"
    case "$first" in
        '{"id":'*) ;;
        *) end_stream; fail "no row came of an answer that should have been long: $(cat "$work/reason")" ;;
    esac
}
end_stream() {
    echo > "$work/go"
    wait "$reader"
}

# The long answer ended early, with this code as its reason and this exit code, and its last row came before the reason. How many
# rows came is in `rows`.
ended_by() {
    local reason
    reason=$(facts '[row["error"]["code"] for row in rows if "error" in row]' < <(grep '^{' "$work/reason"))
    [ "$reason" = "['$1']" ] || fail "the reason of the end must be $1, but: $(cat "$work/reason")"
    [ "$(cat "$work/code")" = "$2" ] || fail "an answer that ends with $1 must have exit code $2, but: $(cat "$work/code")"
    [ "$(tail -n 1 "$work/stream")" = '{"hansa":{"complete":false}}' ] || fail "the last line of the answer must say that it is not complete"
    rows=$(grep -c '^{"id":' "$work/stream") || true
    [ "$(wc -l < "$work/stream")" = $((rows + 1)) ] || fail "something else than rows and one last line came"
    [ "$rows" -gt 0 ] && [ "$rows" -lt "$long_rows" ] || fail "some rows of $long_rows must come, but $rows came"
}
