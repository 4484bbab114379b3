// The words of the page in Korean; in English they stand in the page itself.
const KOREAN = {
  "Skip to the board": "현황판으로 건너뛰기", "Sections": "구역", "Board": "현황판", "Charts": "차트", "Runs": "실행",
  "Corrections": "정정", "Sync": "동기화", "At a glance": "한눈에", "series are fresh": "최신 상태인 종목",
  "sessions without a bar": "빠진 거래일", "open findings": "열린 발견 사항", "prices corrected afterwards": "사후 정정된 가격",
  "runs succeeded": "성공한 실행", "rows wait for PostgreSQL": "PostgreSQL 대기 행", "rows refused by PostgreSQL": "PostgreSQL 거부 행",
  "Find an asset": "종목 찾기", "Only what needs attention": "확인이 필요한 것만", "Asset": "종목", "Newest close": "최근 종가",
  "Change of the day": "전일 대비", "One year": "1년", "Newest bar": "최근 거래일", "Freshness": "최신성", "Gaps": "빈 날",
  "Findings": "발견", "Pending": "대기", "provisional": "잠정", "suspect": "의심", "assets may hold two scales": "두 가지 척도가 섞였을 수 있는 자산", "fresh": "최신", "stale": "지연", "no data": "데이터 없음",
  "not collected": "수집 안 함", "expected": "기대", "No asset matches.": "맞는 종목이 없습니다.", "Charts and coverage": "차트와 수집 범위",
  "Kinds of days": "날의 종류", "bar": "가격 있음", "gap": "빠짐", "late": "최근 가격 이후", "waived": "면제", "closed": "휴장",
  "probably closed": "휴장 추정", "stock": "주식", "index": "지수", "etf": "ETF", "crypto": "암호화폐", "commodity": "원자재",
  "There is no bar in its own currency.": "자기 통화로 된 가격이 없습니다.", "Coverage": "수집 범위",
  "sessions since the newest bar": "최근 가격 이후의 거래일", "Waived": "면제", "Open findings": "열린 발견 사항", "Day": "날짜",
  "Rule": "규칙", "Source": "소스", "Detail": "내용", "Runs of the last days": "최근 실행 (일)", "succeeded": "성공", "typically": "보통",
  "no run": "실행 없음", "Sources": "소스", "Answered": "응답", "Success rate": "성공률", "Last complaint": "최근 오류", "Started": "시작",
  "Command": "명령", "End": "결과", "Duration": "소요", "Rows": "행", "What failed": "실패 내용", "success": "성공",
  "partial failure": "일부 실패", "failure": "실패", "running": "진행 중", "runs that succeeded, not listed": "개의 성공한 실행은 생략",
  "Above the line, a day's worst end: low is success, higher is partial failure, highest is failure. Below, how long its longest run took.":
    "선 위는 그날 가장 나쁜 결과: 낮으면 성공, 높으면 일부 실패, 가장 높으면 실패. 선 아래는 가장 오래 걸린 시간.",
  "What changed afterwards": "나중에 바뀐 것", "No stored price was corrected.": "정정된 가격이 없습니다.", "Provisional values that were replaced": "대체된 잠정치", "provisional before": "잠정치에서 확정",
  "corrected": "정정", "days": "일", "by run": "실행", "Value": "값", "before": "이전", "after": "이후", "Change": "변화",
  "days, not listed": "일 생략", "older ones, not listed": "건의 이전 정정 생략", "open": "시가", "high": "고가", "low": "저가",
  "close": "종가", "volume": "거래량", "On the way to PostgreSQL": "PostgreSQL로 가는 길", "Rows that wait": "대기 행", "Last sync": "마지막 동기화",
  "never synced": "동기화한 적 없음", "Last verified": "마지막 검증", "never verified": "검증한 적 없음", "Warehouse": "웨어하우스",
  "reachable": "연결됨", "not reachable": "연결 안 됨", "DATABASE_URL is not set": "DATABASE_URL이 설정되지 않음", "Rows by asset": "종목별 행",
  "Staged": "보관", "Rows refused by PostgreSQL": "PostgreSQL이 거부한 행", "None.": "없음.", "Message": "메시지", "Refused": "거부 시각",
  "This file makes no request to any network.": "이 파일은 네트워크에 접속하지 않습니다.",
  "Chart": "차트", "Range": "기간", "3M": "3개월", "6M": "6개월", "1Y": "1년", "3Y": "3년", "5Y": "5년", "All": "전체", "Candles": "캔들", "Line": "선", "Log scale": "로그 눈금", "Compare with": "비교",
  "nothing": "없음", "Arrow keys move from bar to bar, plus and minus zoom, Home and End go to the ends.":
    "화살표 키로 하루씩 이동, +와 -로 확대·축소, Home과 End로 양 끝으로 이동.",
  "no bar": "가격 없음", "unknown": "알 수 없음", "jump": "급변", "suspended": "거래 정지",
  "correction": "정정", "finding": "발견", "difference": "차이",
  "Arrow keys move from day to day and from year to year.": "화살표 키로 날짜와 연도를 이동.", "Coverage day by day": "일별 수집 범위",
  "unknown day": "범위 밖", "Marks": "표시",
  "The prices of this chart are adjusted for splits.": "이 차트의 가격은 액면분할을 반영한 가격입니다.",
  "The prices of this chart are adjusted for splits and dividends.": "이 차트의 가격은 액면분할과 배당을 반영한 가격입니다.",
  "days without a known factor are left out.": "일은 조정 계수를 알 수 없어 뺐습니다.",
};

const page = document.documentElement;
let korean = (navigator.languages?.[0] ?? navigator.language ?? "").toLowerCase().startsWith("ko");

/** A text in the language of the page. */
function say(english) {
  return korean && Object.hasOwn(KOREAN, english) ? KOREAN[english] : english;
}

/** Puts the words of a part of the page into its language; the English ones are remembered on the elements. */
function translate(root) {
  for (const element of root.querySelectorAll("[data-t]")) {
    element.dataset.t ||= element.textContent.trim();
    element.textContent = say(element.dataset.t);
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
