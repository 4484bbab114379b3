"""The price sources for main.py: one host each on a port of its own, generated prices, so many milliseconds a request.

Every host notes how long its requests took, from the first byte received to the last one sent.
"""

import json
import threading
import time
from datetime import date, datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

HOSTS = ("NAVER", "NAVER_FCHART", "YAHOO", "KRX_CACHE", "UPBIT")


def bars(first, last, weekends):
    """Day, open, high, low, close and volume of every day; a price that moves a little."""
    for n in range((last - first).days + 1):
        day = first + timedelta(n)
        if weekends or day.weekday() < 5:
            close = 1000 + day.toordinal() * 7919 % 101
            yield day, close - 3, close + 9, close - 8, close, 1000 + day.toordinal() * 31 % 9000


def naver(path, query):
    first, last = (datetime.strptime(query[name][:8], "%Y%m%d").date() for name in ("startDateTime", "endDateTime"))
    names = ("openPrice", "highPrice", "lowPrice", "closePrice", "accumulatedTradingVolume")
    return json.dumps([{"localDate": f"{day:%Y%m%d}", **dict(zip(names, values))} for day, *values in bars(first, last, False)])


def yahoo(path, query):
    first, last = (datetime.fromtimestamp(int(query[name]), timezone.utc).date() for name in ("period1", "period2"))
    rows = list(bars(first, last - timedelta(1), False))
    stamps = [int(datetime(d.year, d.month, d.day, 14, 30, tzinfo=timezone.utc).timestamp()) for d, *_ in rows]
    quote = {name: [row[at] for row in rows] for at, name in enumerate(("open", "high", "low", "close", "volume"), 1)}
    meta = {"currency": "USD", "symbol": path.rsplit("/", 1)[1], "exchangeTimezoneName": "America/New_York", "dataGranularity": "1d"}
    result = {"meta": meta, "timestamp": stamps, "indicators": {"quote": [quote]}}
    return json.dumps({"chart": {"result": [result], "error": None}})


def krx(path, query):
    year = int(path.rsplit("/", 1)[1].removesuffix(".csv"))
    lines = ["\ufeffDate,Close,UpDown,Comp,Change,Open,High,Low,Volume,Amount,MarCap"]
    for day, open_, high, low, close, volume in bars(date(year, 1, 1), date(year, 12, 31), False):
        lines.append(f"{day},{close},1,0,0,{open_},{high},{low},{volume},1,1")
    return "\n".join(lines) + "\n"


def upbit(path, query):
    last = datetime.fromisoformat(query["to"].replace("Z", "+00:00")).date() - timedelta(1)
    names = ("opening_price", "high_price", "low_price", "trade_price", "candle_acc_trade_volume")
    rows = bars(last - timedelta(int(query["count"]) - 1), last, True)
    return json.dumps([{"market": query["market"], "candle_date_time_utc": f"{day}T00:00:00", **dict(zip(names, values))}
                       for day, *values in rows][::-1])


ANSWERS = {"NAVER": naver, "YAHOO": yahoo, "KRX_CACHE": krx, "UPBIT": upbit}


class Sources:
    """All hosts, for as long as a `with` lasts."""

    def __init__(self, delay):
        self.delay = delay
        self.times = {}
        self.lock = threading.Lock()
        self.servers = {host: ThreadingHTTPServer(("127.0.0.1", 0), self.handler(host)) for host in HOSTS}

    def handler(self, host):
        sources = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self):
                started = time.perf_counter()
                url = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(url.query).items()}
                body = ANSWERS[host](unquote(url.path), query).encode()
                # The delay is that of the whole request, however long the generating took.
                time.sleep(max(0.0, sources.delay - (time.perf_counter() - started)))
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                with sources.lock:
                    sources.times.setdefault(host, []).append(time.perf_counter() - started)

            def log_message(self, *_):
                pass

        return Handler

    def __enter__(self):
        for server in self.servers.values():
            threading.Thread(target=server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        for server in self.servers.values():
            server.shutdown()
            server.server_close()

    def variables(self):
        return {f"{host}_BASE_URL": f"http://127.0.0.1:{server.server_port}" for host, server in self.servers.items()}

    def take_times(self):
        """The seconds of the requests by host since the last call."""
        with self.lock:
            times, self.times = self.times, {}
        return times
