//! Alerts, what stands before an error, and the last line of the daily scripts.

#[rustfmt::skip]
pub(super) const ROWS: &[(&str, &str)] = &[
    ("error: {message}", "오류: {message}"),
    ("{title} `{status}` on {host}", "{title} `{status}` ({host})"),
    ("{title} on {host}: a test, asked for by `pricestash alert --test`. Alerts arrive here.", "{title} ({host}): `pricestash alert --test`로 보낸 시험 알림입니다. 알림이 여기로 옵니다."),
    ("{head}: {failed} of {all} assets", "{head}: {all}개 종목 중 {failed}개"),
    ("and {more} more", "외 {more}개"),
    ("the run as a whole", "실행 전체"),
    ("As before: {assets}", "이전과 같음: {assets}"),
    ("as before, {assets}", "이전과 같음, {assets}"),
    ("Run `{run}`", "실행 `{run}`"),
    ("{line}; run `{run}`", "{line}; 실행 `{run}`"),
    ("Well again: {assets}", "정상으로 돌아옴: {assets}"),
    ("{asset} (after {days})", "{asset} ({days} 만에)"),
    ("less than a day", "하루"),
    ("1 day", "1일"),
    ("{number} days", "{number}일"),
    ("{ordinal} day", "{ordinal}째"),
    (
        "All prices received are staged. The next `pricestash collect` asks again; if it persists, check the symbol in assets.toml, `pricestash status` and, for rejected rows, the table `quarantine`. A suspect asset recovers with a correct answer, or by `pricestash waive` as its message says.",
        "받을 수 있었던 시세는 저장했습니다. 다음 `pricestash collect`가 다시 요청합니다. 계속되면 assets.toml의 심볼과 `pricestash status`를, 거부된 행은 `quarantine` 테이블을 확인하세요. 의심(suspect) 종목은 올바른 응답이 오면 풀리고, 메시지에 나온 `pricestash waive`로 직접 풀 수도 있습니다.",
    ),
    (
        "Nothing is lost: the rows wait in the staging file for the next `pricestash sync`. `pricestash doctor` says what is wrong with the connection. Rejected rows are in the table `sync_reject`; `pricestash sync --full` sends them again.",
        "잃어버린 데이터는 없습니다. 행은 SQLite 파일에서 다음 `pricestash sync`를 기다립니다. 연결 문제는 `pricestash doctor`로 확인하세요. 거부된 행은 `sync_reject` 테이블에 있으며, `pricestash sync --full`을 실행하면 다시 보냅니다.",
    ),
    (
        "`pricestash collect` asks again. If the exchange was closed, add the day to data/calendars or `pricestash waive` it.",
        "`pricestash collect`가 다시 요청합니다. 휴장일이었다면 data/calendars에 그 날짜를 추가하거나 `pricestash waive`를 실행하세요.",
    ),
    (
        "{title} `failure` on {host}: abandoned, its process died (a power cut, a restart, a kill). It began at {start}. What was staged until then is safe; the next run goes on from there.\nRun `{run}`",
        "{title} `failure` ({host}): 프로세스가 죽어 실행이 중단되었습니다(정전, 재시작, 강제 종료). 시작 시각은 {start}입니다. 그때까지 저장한 시세는 안전하며, 다음 실행이 이어서 합니다.\n실행 `{run}`",
    ),
    (
        "The run did not begin, nor will the next one until this is corrected; `pricestash doctor` says how.",
        "실행을 시작하지 못했습니다. 고치기 전에는 다음 실행도 시작하지 못합니다. `pricestash doctor`가 방법을 알려 줍니다.",
    ),
];
