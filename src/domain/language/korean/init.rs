//! The comments of what `init` writes. `\n` begins a further line of a comment.

#[rustfmt::skip]
pub(super) const ROWS: &[(&str, &str)] = &[
    // .env
    (
        "Copy this file to .env and set what you need; unless noted otherwise, every value shown is the default. Values are taken literally, nothing is substituted. Quotes around them are optional.",
        "필요한 것만 설정하세요. 따로 적지 않았으면 여기 있는 값이 기본값입니다.\n값은 적힌 그대로 쓰며 치환하지 않습니다. 따옴표는 없어도 됩니다.",
    ),
    (
        "Where sync sends the prices: a URL or key=value pairs. If unset, nothing is sent and everything waits in the file. TLS is used unless the host is this machine; to change that, append ?sslmode=disable|allow|prefer|require|verify-ca|verify-full and &sslrootcert=FILE to the URL. Example: postgres://user:password@host:5432/prices",
        "sync가 시세를 보낼 곳: URL 또는 key=value 쌍. 비워 두면 보내지 않고 파일에 쌓아 둡니다.\n호스트가 이 컴퓨터가 아니면 TLS를 씁니다. ?sslmode=disable|allow|prefer|require|verify-ca|verify-full과\n&sslrootcert=FILE로 바꿀 수 있습니다. 예: postgres://user:password@host:5432/prices",
    ),
    (
        "The schema of the tables there, such as pricestash; it must exist. If unset, the connection's own schema is used.",
        "테이블을 둘 스키마(예: pricestash). 미리 만들어 두어야 합니다. 비워 두면 연결의 기본 스키마를 씁니다.",
    ),
    (
        "sslmode if DATABASE_URL contains none: disable, allow, prefer, require, verify-ca or verify-full.",
        "DATABASE_URL에 sslmode가 없을 때 쓸 값: disable, allow, prefer, require, verify-ca, verify-full.",
    ),
    (
        "The SQLite file that stages the prices, and the assets to collect.",
        "시세를 저장할 SQLite 파일과 수집할 종목 파일.",
    ),
    (
        "An HTTP request: total seconds, tries, seconds before the second try (doubled for each further one, plus up to 30 % at random). If unset, FDR_TIMEOUT, FDR_MAX_RETRIES and FDR_BASE_DELAY are read.",
        "HTTP 요청 하나: 전체 제한 시간(초), 시도 횟수, 두 번째 시도 전 대기(초. 다음부터는 두 배씩, 무작위로 최대 30 % 더).\n설정하지 않으면 FDR_TIMEOUT, FDR_MAX_RETRIES, FDR_BASE_DELAY를 읽습니다.",
    ),
    (
        "Seconds between two requests to one host, plus up to 30 % at random.",
        "같은 호스트에 보내는 요청 사이의 간격(초). 무작위로 최대 30 % 더 기다립니다.",
    ),
    (
        "A series is compared in full with its source after this many days, to find changes further back; 0 means never.",
        "과거 시세가 바뀌었는지 데이터 제공처와 전체를 비교하는 주기(일). 0이면 비교하지 않습니다.",
    ),
    (
        "The addresses of the sources; change them for a mirror or a test server.",
        "데이터 제공처의 주소. 미러나 시험용 서버를 쓸 때만 바꿉니다.",
    ),
    (
        "The addresses that only `assets add` and `assets search` use.",
        "`assets add`와 `assets search`가 추가로 요청하는 곳의 주소.",
    ),
    (
        "A statement to PostgreSQL, including connecting: tries, seconds before the second try (doubled for each further one, plus up to 30 % at random).",
        "PostgreSQL 명령 하나(연결 포함): 시도 횟수, 두 번째 시도 전 대기(초. 다음부터는 두 배씩, 무작위로 최대 30 % 더).",
    ),
    (
        "Seconds to connect to PostgreSQL, and seconds for the answer to one statement.",
        "PostgreSQL 연결: 연결까지의 제한 시간(초), 명령 하나의 응답 제한 시간(초).",
    ),
    (
        "Keys of your own sources, under the names that you use in assets.toml; see data/README.md: MY_KEY=0123456789abcdef",
        "직접 추가한 데이터 제공처의 키는 assets.toml에 적은 이름으로 여기에 둡니다. data/README.md를 보세요.\nMY_KEY=0123456789abcdef",
    ),
    (
        "The log on stderr: off, error, warn, info, debug or trace (WARNING and CRITICAL work too); text or json.",
        "stderr 로그: off, error, warn, info, debug, trace(WARNING, CRITICAL도 됨). 형식은 text 또는 json.",
    ),
    (
        "The language of alerts, advice and errors: en or ko. Not set: that of LC_ALL, LC_MESSAGES or LANG, else that of Windows. The log and what programs read is English.",
        "알림, 조언, 오류의 언어: en 또는 ko. 비워 두면 LC_ALL, LC_MESSAGES, LANG, 없으면 Windows의 언어를 따릅니다.\n예약 실행에는 로캘이 없을 수 있으므로 여기에 적어 둡니다. 로그와 프로그램이 읽는 출력은 영어입니다.",
    ),
    (
        "Alerts: one or several channels with blanks between them, written as Apprise writes them: discord://id/token, slack://A/B/C, tgram://bot-token/chat, ntfy://topic, ntfys://user:password@host/topic, jsons://host/path. Not set, and no webhook either: nobody is told. `pricestash alert --test` sends one.",
        "알림: 채널 하나 또는 여러 개(빈칸으로 구분)를 Apprise 표기로 적습니다.\n형식: discord://id/token, slack://A/B/C, tgram://bot-token/chat, ntfy://topic,\nntfys://user:password@host/topic, jsons://host/path. 이것과 웹훅을 모두 비워 두면 알림을 보내지 않습니다. `pricestash alert --test`로 시험 알림을 보냅니다.",
    ),
    (
        "The same: the address of a Discord webhook (Channel settings, Integrations, Webhooks).",
        "같은 용도: Discord 웹훅 주소(채널 설정, 연동, 웹후크).",
    ),
    (
        "The origins of these services, for a server of your own or a test server.",
        "알림 서비스의 주소. 직접 운영하는 서버나 시험용 서버를 쓸 때만 바꿉니다.",
    ),
    (
        "A heartbeat that notices if the daily task never runs, for example a check of healthchecks.io: pinged with /start when a run starts, unchanged when it succeeds, and with /fail when it fails.",
        "매일 실행이 아예 되지 않은 것을 알아채는 하트비트(예: healthchecks.io). 시작하면 주소 뒤에 /start를 붙여,\n성공하면 그대로, 실패하면 /fail을 붙여 호출합니다.",
    ),
    // assets.toml
    (
        "The assets to collect, one [[asset]] each. `pricestash assets add AAPL` adds one; see data/README.md.",
        "수집할 종목. 종목마다 [[asset]] 하나입니다. `pricestash assets add AAPL`로 추가합니다. 자세한 것은 data/README.md에 있습니다.",
    ),
    (
        "id        1 to 20 characters, the key of its prices",
        "id        1~20자, 시세를 찾는 키",
    ),
    (
        "category  stock | index | etf | fund | bond | rate | fx | crypto | commodity",
        "category  stock(주식) | index(지수) | etf | fund(펀드) | bond(채권) | rate(금리) | fx(환율) | crypto(암호화폐) | commodity(원자재)",
    ),
    (
        "calendar  XKRX (Seoul) | XNYS (New York) | XLON (London) | CMES (futures) | 24/5 (currencies) | 24/7 (crypto, UTC) or another one of `pricestash assets --calendars`",
        "calendar  XKRX(서울) | XNYS(뉴욕) | XLON(런던) | CMES(선물) | 24/5(환율) | 24/7(암호화폐, UTC)\n          또는 `pricestash assets --calendars`에 나오는 다른 것",
    ),
    (
        "currency  of its own series, as the source says it (GBp is pence); a source in another currency is stored apart, as source:symbol",
        "currency  데이터 제공처가 말하는 대로의 통화(GBp는 펜스). 통화가 다른 제공처의 시세는\n          source:symbol로 따로 저장합니다",
    ),
    (
        "commodity    its name in ledgers (pricestash export --format beancount), if its id is no legal name there",
        "commodity    장부에서 쓰는 이름(pricestash export --format beancount). id를 그대로 쓸 수 없을 때 적습니다",
    ),
    (
        "nonpositive  true keeps prices of zero and below (oil futures, interest rates)",
        "nonpositive  true이면 0 이하의 가격도 저장합니다(원유 선물, 금리)",
    ),
    (
        "active    false stops collecting it; its prices stay",
        "active    false이면 수집을 멈춥니다. 저장한 시세는 남습니다",
    ),
    (
        "sources   naver | krx | yahoo | upbit | binance | ecb, asked in this order until one returns prices",
        "sources   naver | krx | yahoo | upbit | binance | ecb. 적힌 순서대로, 시세가 나올 때까지 요청합니다",
    ),
];
