//! The figures as a page of the documentation, with the machine that they were measured on.

use serde_json::Value;

/// The part of a page that `tests/bench/outside/run` writes: it stands last.
pub(crate) fn others_part(page: &str) -> &str {
    let begin = page.find("\n## From outside");
    begin
        .and_then(|begin| page.get(begin..))
        .unwrap_or_default()
}

/// Writes the page of these figures, as `ResultTable::json` gives them.
pub(crate) fn page(figures: &Value) -> String {
    let mut page = format!(
        "# Figures\n\nWritten by `cargo ratios --page docs/figures.md` with its other options as they stand below. {}\n",
        machine()
    );
    let ratios = figures["ratios"].as_array();
    if let Some(ratios) = ratios.filter(|ratios| !ratios.is_empty()) {
        page.push_str(&governed(figures, ratios));
    }
    for one in figures["tpch"].as_array().into_iter().flatten() {
        page.push_str(&tpch(one));
    }
    if figures["workers"].is_object() {
        page.push_str(&workers(&figures["workers"]));
    }
    if figures["joins"].is_object() {
        page.push_str(&joins(&figures["joins"]));
    }
    if figures["series"].is_object() {
        page.push_str(&series(&figures["series"]));
    }
    if figures["participants"].is_object() {
        page.push_str(&participants(&figures["participants"]));
    }
    page
}

fn participants(all: &Value) -> String {
    let mut text = format!(
        "\n## One aggregate over many participants\n\nEach is a process with a small dataset of one model, and for each number of them a firm \
         asks that knows no others: count and sum of all, {} questions of the command line each, in turn. Work is that of all processes for \
         each participant and question. Memory is that of the firm's own process, 60 seconds after the last of a few questions, the median of \
         {} starts.\n\n\
         | participants | ms | work of a city, ms | work of who asks for each, ms | beside the fewest, at most {} | memory of who asks, MiB |\n\
         |---|---|---|---|---|---|\n",
        all["questions"],
        all["starts"],
        number(&all["work_ratio_at_most"], 1),
    );
    for one in all["counts"].as_array().into_iter().flatten() {
        text.push_str(&format!(
            "| {} | {} | {} | {} | {} | {} |\n",
            one["participants"],
            number(&one["ms"], 0),
            number(&one["city_work_ms"], 2),
            number(&one["asker_work_ms_each"], 2),
            number(&one["work_ratio"], 2),
            number(&one["asker_mib"], 1),
        ));
    }
    text.push_str(&format!(
        "\nMemory that is kept of each participant: {} KiB, at most {} are aimed at.\n",
        number(&all["kib_each"], 0),
        number(&all["kib_each_at_most"], 0),
    ));
    text
}

fn series(series: &Value) -> String {
    format!(
        "\n## An hourly series over three participants, {} readings\n\nThree cities hold the readings of their own sensors, and a firm asks for \
         count, sum, average, least and greatest of each hour of four weeks and each kind: {} groups. By hand somebody asks each city \
         for its partial aggregate over bare Arrow Flight and puts them together; one process is plain DataFusion with all files. \
         Medians of {} rounds within the machine. Bytes are all that pass the sockets, with TLS, contracts and receipts, those by \
         hand the messages alone.\n{}",
        series["rows"],
        series["figures"]["groups"],
        series["rounds"],
        aggregate(&series["figures"], &series["targets"]),
    )
}

/// An aggregate beside the same by hand and in one process, with what was aimed at.
fn aggregate(figures: &Value, targets: &Value) -> String {
    let mut text = format!(
        "\n{} ms and {} bytes, {} where most came, and {} ms through one command that stays; by hand {} ms and {} bytes; one process \
         {} ms; {} rounds. By hand connections are kept, as by one command that takes all questions from its pipe; a command for each question \
         starts and connects anew. Work is counted with what follows an answer, and without what the connectors do in that time when nobody \
         asks them, {} ms.\n\n| what | a command for each question | one for all | at most |\n|---|---|---|---|\n",
        number(&figures["ms"], 0),
        figures["bytes"],
        figures["most_bytes"],
        number(&figures["kept_ms"], 0),
        number(&figures["by_hand_ms"], 0),
        figures["bytes_by_hand"],
        number(&figures["one_process_ms"], 0),
        figures["rounds"],
        number(&figures["kept_resting_ms"], 1),
    );
    for (what, name) in [
        ("time beside by hand", "wall_ratio"),
        ("work beside by hand", "cpu_ratio"),
        ("bytes beside by hand", "bytes_ratio"),
        ("time beside one process", "one_process_wall_ratio"),
        ("work beside one process", "one_process_cpu_ratio"),
    ] {
        text.push_str(&format!(
            "| {what} | {} | {} | {} |\n",
            number(&figures[name], 2),
            number(&figures[format!("kept_{name}")], 2),
            number(&targets[name], 2),
        ));
    }
    text
}

fn workers(workers: &Value) -> String {
    let mut text = format!(
        "\n## Two workers beside none, scale {}\n\nOne city answers a question by itself, and with two workers, all on one machine: the city and \
         the first worker are bound to one core, the second worker to another. Time is that of the command line's answer, work that of the \
         city and its workers; medians of {} rounds. With workers, sums of floating-point numbers are added without rounding in between.\n\n\
         | question | alone, ms | times as fast | work |\n|---|---|---|---|\n",
        workers["scale"], workers["rounds"]
    );
    for one in workers["questions"].as_array().into_iter().flatten() {
        text.push_str(&format!(
            "| {} | {} | {} | {} |\n",
            one["question"],
            number(&one["alone_ms"], 0),
            number(&one["faster"], 2),
            number(&one["work"], 2),
        ));
    }
    text
}

fn governed(figures: &Value, ratios: &[Value]) -> String {
    let mut text = format!(
        "\n## Governed beside bare, {} rows\n\nThe governed way divided by a bare one that does the same work, medians of {} pairs.\n\n\
         | where | what | beside | time | work | bytes |\n|---|---|---|---|---|---|\n",
        figures["rows"], figures["rounds"]
    );
    for ratio in ratios {
        text.push_str(&format!(
            "| {} | {} | {} | {} | {} | {} |\n",
            word(&ratio["where"]),
            word(&ratio["what"]),
            word(&ratio["against"]),
            number(&ratio["wall_ratio"], 2),
            number(&ratio["cpu_ratio"], 2),
            number(&ratio["bytes_ratio"], 2),
        ));
    }
    text.push_str("\n| what | figure |\n|---|---|\n");
    for (what, figure) in figures["notes"].as_object().into_iter().flatten() {
        text.push_str(&format!("| {what} | {} |\n", number(figure, 3)));
    }
    text
}

fn tpch(tpch: &Value) -> String {
    let mut text = format!(
        "\n## TPC-H over five participants, scale {}, {}\n\nOrders and their lines are with three cities, the rest with a fourth, and a \
         firm asks; each is a process. All answers are those of plain DataFusion with all files in one process.\n",
        tpch["scale"],
        link(tpch),
    );
    let questions = tpch["questions"].as_array();
    if let Some(questions) = questions.filter(|questions| !questions.is_empty()) {
        text.push_str(&asked(tpch, questions));
    }
    let by_hand = &tpch["aggregate_by_hand"];
    if by_hand.is_object() {
        text.push_str(&format!(
            "\nThe first question beside partial aggregates by hand over bare Arrow Flight, and beside one process: {}",
            aggregate(by_hand, &Value::Null).trim_start(),
        ));
    }
    if tpch["postgres_fdw"].is_object() {
        text.push_str(&fdw(&tpch["postgres_fdw"]));
    }
    text
}

/// How slow the ways are.
fn link(figures: &Value) -> String {
    match (
        figures["link_bits"].as_u64(),
        figures["link_delay_ms"].as_f64(),
    ) {
        (Some(bits), Some(delay)) => {
            format!("over ways of {} Mbit/s and {delay} ms", bits / 1_000_000)
        }
        _ => "within the machine".to_owned(),
    }
}

fn asked(tpch: &Value, questions: &[Value]) -> String {
    let mut text = format!(
        "\nBytes are all that pass the sockets, both ways, with TLS, contracts and receipts, after a first question to each city, beside the \
         Arrow streams alone of datafusion-federation as its crate ships it. Time is that of the command line's answer beside that one \
         process, medians of {} pairs.\n\n\
         | question | texts sent | bytes | as shipped | fewer | ms | one process, ms | time | work |\n|---|---|---|---|---|---|---|---|---|\n",
        tpch["rounds"]
    );
    for one in questions {
        let (bytes, shipped) = (one["bytes"].as_f64(), one["shipped_bytes"].as_f64());
        let more = match one["shipped_stopped"].as_bool() {
            Some(true) => "more than ",
            _ => "",
        };
        let fewer = match (bytes, shipped) {
            (Some(bytes), Some(shipped)) => format!("{more}{:.1} times", shipped / bytes),
            _ => "it fails".to_owned(),
        };
        text.push_str(&format!(
            "| {} | {} | {} | {more}{} | {fewer} | {} | {} | {} | {} |\n",
            one["question"],
            one["remote_queries"],
            one["bytes"],
            number(&one["shipped_bytes"], 0),
            number(&one["ms"], 0),
            number(&one["one_process_ms"], 0),
            number(&one["time_ratio"], 2),
            number(&one["cpu_ratio"], 2),
        ));
    }
    text
}

fn fdw(fdw: &Value) -> String {
    let used = if fdw["async_in_its_plan"].as_bool() == Some(true) {
        "which its plan makes use of"
    } else {
        "of which its plan makes no use"
    };
    format!(
        "\nThe first question through PostgreSQL {} as a user writes it: a server for the lines of each city, analysed, and a fourth one with \
         `postgres_fdw` and a view of all three, over sockets of this machine and without TLS; one call of `psql` beside one of ours, \
         medians of {} pairs, with the same answer to a millionth. `psql` {} ms, ours {} ms: {} times faster, where at least {} is aimed \
         at. With `async_capable`, {used}: {} ms, {} times.\n",
        word(&fdw["version"]),
        fdw["rounds"],
        number(&fdw["psql_ms"], 0),
        number(&fdw["ms"], 0),
        number(&fdw["times"], 1),
        number(&fdw["times_at_least"], 0),
        number(&fdw["async_ms"], 0),
        number(&fdw["async_times"], 1),
    )
}

fn joins(joins: &Value) -> String {
    let mut text = format!(
        "\n## Joins of TPC-H, scale {}, {}\n\nOurs is the time of the command line's answer, the median of {}. Beside it what \
         datafusion-federation as its crate ships it asks of each city: all its texts at once, of a bare Arrow Flight server over the same \
         way and the same TLS, until the last row is here, once. The join that follows is left out, and texts are sent without what is \
         beside them in memory, both in its favour. Bytes are all that pass the sockets, both ways.\n\n\
         | question | bytes | as shipped | ms | as shipped, ms | faster, at least {} times |\n|---|---|---|---|---|---|\n",
        joins["scale"],
        link(joins),
        joins["rounds"],
        number(&joins["times_at_least"], 0),
    );
    for one in joins["questions"].as_array().into_iter().flatten() {
        text.push_str(&format!(
            "| {} | {} | {} | {} | {} | {} times |\n",
            one["question"],
            one["bytes"],
            one["shipped_bytes"],
            number(&one["ms"], 0),
            number(&one["shipped_ms"], 0),
            number(&one["times"], 1),
        ));
    }
    text
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn number(value: &Value, places: usize) -> String {
    let number = value.as_f64();
    number.map_or_else(|| "-".to_owned(), |number| format!("{number:.places$}"))
}

/// What it runs on, as Linux tells it (proc(5)).
fn machine() -> String {
    let read = |file: &str| std::fs::read_to_string(file).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let model = field(&read("/proc/cpuinfo"), "model name");
    let memory = field(&read("/proc/meminfo"), "MemTotal");
    let memory = memory.and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
    format!(
        "Measured on {} cores of {}, {} GiB of memory, which do other things too: ratios of neighbours in one run say more than times.",
        std::thread::available_parallelism().map_or(0, usize::from),
        model.unwrap_or_else(|| "an unnamed processor".to_owned()),
        memory.unwrap_or(0) / (1024 * 1024),
    )
}
