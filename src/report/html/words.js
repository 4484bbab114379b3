// The words of the page in Korean; in English they stand in the page itself. {0} and {1} are values.
const KOREAN = {
  "Skip to the board": "현황판으로 바로 가기", "Sections": "바로 가기", "Board": "현황판", "Charts": "차트", "Runs": "실행 기록",
  "Corrections": "정정 내역", "Sync": "동기화", "At a glance": "한눈에 보기", "series are fresh": "최신 상태인 종목",
  "sessions without a bar": "누락일", "open findings": "미해결 특이 사항", "prices corrected afterwards": "사후 정정된 가격",
  "runs succeeded": "성공한 실행", "rows wait for PostgreSQL": "PostgreSQL 전송 대기", "rows refused by PostgreSQL": "PostgreSQL이 거부한 행",
  "assets may mix two scales": "가격 기준 의심 종목",
  "Find an asset": "종목 찾기", "Only what needs attention": "확인이 필요한 종목만", "Asset": "종목", "Newest close": "최근 종가",
  "Change of the day": "전일 대비", "One year": "1년 추이", "Newest bar": "최근 가격일", "Freshness": "최신 여부", "Gaps": "누락일",
  "Findings": "특이 사항", "Pending": "전송 대기", "provisional": "잠정", "suspect": "의심 구간", "fresh": "최신", "stale": "지연",
  "no data": "데이터 없음", "not collected": "수집 안 함", "expected": "예상 날짜", "No asset matches.": "조건에 맞는 종목이 없습니다.",
  "{0} of {1} assets": "{1}개 종목 중 {0}개", "Show more": "더 보기",
  "Choose an asset on the board to see its chart and coverage here.": "현황판에서 종목을 선택하면 차트와 수집 현황이 여기에 표시됩니다.",
  "Charts and coverage": "차트와 수집 현황", "Kinds of days": "날짜 구분", "bar": "가격 있음", "gap": "누락", "late": "최근 가격 이후 거래일",
  "waived": "예외 처리", "closed": "휴장", "probably closed": "휴장 추정", "stock": "주식", "index": "지수", "etf": "ETF", "crypto": "암호화폐",
  "commodity": "원자재", "fx": "환율", "fund": "펀드", "bond": "채권", "rate": "금리",
  "There is no bar in its own currency.": "종목의 통화로 저장된 가격이 없습니다.", "Coverage": "수집 현황",
  "{0} sessions without a bar": "누락일 {0}일", "{0} sessions since the newest bar": "최근 가격 이후 거래일 {0}일", "Waived": "예외 처리",
  "{0} open findings": "미해결 특이 사항 {0}건", "Day": "날짜", "Rule": "규칙", "Source": "출처", "Detail": "내용",
  "Runs of the last {0} days": "최근 {0}일 실행", "{0}/{1} succeeded": "{1}회 중 {0}회 성공", "typically {0}": "보통 {0}", "no run": "실행 없음",
  "{0} · {1} · runs: {2} · rows: {3} · {4}": "{0} · {1} · 실행 {2}회 · {3}행 · {4}",
  "Sources": "출처", "Answered": "응답", "Success rate": "성공률", "Last complaint": "최근 오류", "Started": "시작 시각",
  "Command": "명령", "End": "결과", "Duration": "소요 시간", "Rows": "행 수", "What failed": "실패 내용", "success": "성공",
  "partial failure": "일부 실패", "failure": "실패", "running": "실행 중", "+{0} runs that succeeded, not listed": "그 밖에 성공한 실행 {0}건 생략",
  "Above the line, a day's worst end: low is success, higher is partial failure, highest is failure. Below, how long its longest run took.":
    "선 위는 그날의 가장 나쁜 결과입니다. 낮으면 성공, 높으면 일부 실패, 가장 높으면 실패입니다. 선 아래는 가장 오래 걸린 실행의 소요 시간입니다.",
  "What changed afterwards": "사후 정정 내역", "No stored price was corrected.": "정정된 가격이 없습니다.",
  "{0} provisional values that were replaced": "새 값으로 바뀐 잠정 가격 {0}건", "provisional before": "잠정 가격 교체",
  "corrected": "정정", "{0} days": "{0}일", "by run": "실행 ID", "Value": "항목", "before": "변경 전", "after": "변경 후", "Change": "변화율",
  "+{0} days, not listed": "그 밖에 {0}일 생략", "+{0} older ones, not listed": "이전 내역 {0}건 생략", "open": "시가", "high": "고가", "low": "저가",
  "close": "종가", "volume": "거래량", "On the way to PostgreSQL": "PostgreSQL 전송 현황", "Rows that wait": "전송 대기 행",
  "Last sync": "마지막 동기화", "never synced": "동기화한 적 없음", "Last verified": "마지막 검증", "never verified": "검증한 적 없음",
  "Warehouse": "PostgreSQL", "reachable": "연결됨", "not reachable": "연결할 수 없음", "DATABASE_URL is not set": "DATABASE_URL이 설정되지 않았습니다",
  "Rows by asset": "종목별 행 수", "Staged": "SQLite 저장", "Rows refused by PostgreSQL": "PostgreSQL이 거부한 행", "None.": "없습니다.",
  "Message": "오류 메시지", "Refused": "거부 시각", "This file makes no request to any network.": "이 파일은 네트워크에 접속하지 않습니다.",
  "Chart": "차트", "Range": "기간", "3M": "3개월", "6M": "6개월", "1Y": "1년", "3Y": "3년", "5Y": "5년", "All": "전체", "Candles": "캔들",
  "Line": "선", "Log scale": "로그 눈금", "Compare with": "비교 대상", "nothing": "없음",
  "Arrow keys move from bar to bar, plus and minus zoom, Home and End go to the ends.":
    "좌우 화살표 키로 하루씩 이동하고, +와 - 키로 확대·축소하며, Home과 End 키로 처음과 끝으로 이동합니다.",
  "no bar": "가격 없음", "unknown": "알 수 없음", "jump": "급등락", "suspended": "거래 정지",
  "correction": "정정", "finding": "특이 사항", "difference": "차이",
  "Arrow keys move from day to day and from year to year.": "화살표 키로 날짜와 연도를 이동합니다.", "Coverage day by day": "일별 수집 현황",
  "unknown day": "수집 범위 밖", "Marks": "표시",
  "split": "분할·병합", "dividend": "배당", "capital gain": "자본이득 분배", "{0} new shares for {1}": "{1}주를 {0}주로", "counts in no factor": "수정 계수에 반영하지 않음",
  "prices that may be in another scale": "가격 기준이 다를 수 있는 구간", "may be in another scale": "가격 기준이 다를 수 있음",
  "Adjusted for": "수정주가", "As stored": "원본", "Splits": "분할 반영", "Splits and dividends": "분할·배당 반영",
  "left out: no known factor": "수정 계수를 몰라 제외", "No day of this range has a known factor.": "이 기간에는 수정 계수를 아는 날이 없습니다.",
  "These prices are adjusted for splits.": "액면분할과 병합을 반영한 수정주가입니다.",
  "These prices are adjusted for splits and dividends.": "액면분할과 병합, 배당을 반영한 수정주가입니다.",
  "{0} days without a known factor are left out.": "수정 계수를 알 수 없는 {0}일은 제외했습니다.",
};

const page = document.documentElement;
let korean = (navigator.languages?.[0] ?? navigator.language ?? "").toLowerCase().startsWith("ko");

const UNITS = { h: "시간", min: "분", s: "초" };

/** A text in the language of the page, with its values in their places. */
function say(english, ...values) {
  const text = korean && Object.hasOwn(KOREAN, english) ? KOREAN[english] : english;
  return text.replace(/\{(\d)\}/g, (_, at) => sayValue(values[at]));
}

/** A value: a number, a day, a word of the page, or how long something took. */
function sayValue(value) {
  if (!korean) return value;
  return Object.hasOwn(KOREAN, value) ? KOREAN[value] : String(value).replace(/ (h|min|s)\b/g, (_, unit) => UNITS[unit]);
}

/** Puts the words of a part of the page into its language; the English ones are remembered on the elements. */
function translate(root) {
  for (const element of root.querySelectorAll("[data-t]")) {
    // Not what a pattern would give: "1 day" has the pattern of "2 days".
    element.dataset.english ??= element.textContent.trim();
    element.dataset.t ||= element.dataset.english;
    element.textContent = korean ? say(element.dataset.t, ...(element.dataset.n ?? "").split("|")) : element.dataset.english;
  }
  for (const [name, attribute] of [["label", "aria-label"], ["placeholder", "placeholder"]]) {
    for (const element of root.querySelectorAll(`[data-${name}]`)) {
      element.dataset[name] ||= element.getAttribute(attribute);
      element.setAttribute(attribute, say(element.dataset[name]));
    }
  }
}

/** A time in the reader's own zone. */
function localTime(at) {
  const two = (n) => String(n).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** All times in the reader's own zone; the exact ones stay in the datetime attributes. */
function localTimes(root) {
  for (const element of root.querySelectorAll("time")) {
    const at = new Date(element.dateTime);
    if (!element.dateTime.includes("T") || Number.isNaN(at.getTime())) continue;
    element.title = element.dateTime;
    element.textContent = localTime(at);
  }
}
