"""Runs the Windows program on a console of Wine: test_windows_console.py PROGRAM

Korean names and sentences are shown right in every code page, and Ctrl-C ends a run cleanly. Both need a console, which no pipe is.
Exit code 0 when it is so. scripts/test-windows.sh calls it.
"""

import http.server
import json
import os
import pathlib
import pty
import select
import sqlite3
import sys
import tempfile
import threading
import time

LIMIT = 120.0

ASSETS = """
[[asset]]
id = "BTC"
name = "비트코인"
category = "crypto"
calendar = "24/7"
currency = "KRW"
sources = [{ source = "upbit", symbol = "KRW-BTC" }]

[[asset]]
id = "005930"
name = "삼성전자"
category = "stock"
calendar = "XKRX"
currency = "KRW"
sources = [{ source = "naver", symbol = "005930" }]
"""


class Source(http.server.BaseHTTPRequestHandler):
    """Answers for the coin, and keeps the share waiting."""

    share_asked = threading.Event()
    done = threading.Event()

    def do_GET(self) -> None:
        if "candles" not in self.path:
            Source.share_asked.set()
            Source.done.wait(LIMIT)
            return
        day = time.strftime("%Y-%m-%dT00:00:00", time.gmtime(time.time() - 86400))
        candle = dict.fromkeys(["opening_price", "high_price", "low_price", "trade_price", "candle_acc_trade_volume"], 5)
        body = json.dumps([candle | {"market": "KRW-BTC", "candle_date_time_utc": day}]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def on_console(command: list[str], folder: pathlib.Path, is_time_for_ctrl_c=None) -> tuple[str, int]:
    """Runs a command on a console of its own. What was shown, and the exit code.

    With a function it presses Ctrl-C as soon as that says yes to what is shown so far.
    """
    process, console = pty.fork()
    if process == 0:
        os.chdir(folder)
        os.execvp(command[0], command)
    shown = b""
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        if is_time_for_ctrl_c and is_time_for_ctrl_c(shown):
            os.write(console, b"\x03")
            is_time_for_ctrl_c = None
        if select.select([console], [], [], 0.1)[0]:
            try:
                part = os.read(console, 65536)
            except OSError:  # the console is gone with its last program
                break
            if not part:
                break
            shown += part
    else:
        os.kill(process, 9)
        sys.exit(f"{command} still runs after {LIMIT} s and has shown {shown!r}")
    _, status = os.waitpid(process, 0)
    return shown.decode("utf-8", "replace"), os.waitstatus_to_exitcode(status)


def expect(holds: bool, what: str, shown: str) -> None:
    print(f"{'ok' if holds else 'FAILED'}: {what}")
    if not holds:
        sys.exit(f"shown was: {shown!r}")


def main() -> None:
    program = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "data").mkdir()
        (folder / "data/assets.toml").write_text(ASSETS, encoding="utf-8")
        os.symlink(program, folder / "pricestash.exe")
        for code_page in ["949", "65001", "437"]:
            shown, code = on_console(["wine", "cmd", "/c", f"chcp {code_page} & pricestash.exe assets"], folder)
            right = code == 0 and "삼성전자" in shown and "비트코인" in shown
            expect(right, f"Korean names on a console of code page {code_page}", shown)
            korean = f"chcp {code_page} & set PRICESTASH_LANG=ko& pricestash.exe status"
            shown, code = on_console(["wine", "cmd", "/c", korean], folder)
            expect(code == 0 and "아직 저장된 시세가 없습니다" in shown, f"Korean sentences on code page {code_page}", shown)

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Source)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for source in ["NAVER", "NAVER_FCHART", "UPBIT"]:
            os.environ[f"{source}_BASE_URL"] = f"http://127.0.0.1:{server.server_port}"

        def coin_is_staged(shown: bytes) -> bool:
            return Source.share_asked.is_set() and b"asset=BTC" in shown

        shown, code = on_console(["wine", program, "collect"], folder, coin_is_staged)
        Source.done.set()
        runs = rows(folder, "SELECT status FROM job_run")
        expect(code not in (0, 130) and runs == [("partial_failure",)], f"Ctrl-C closes the run ({code}, {runs})", shown)
        expect(rows(folder, "SELECT asset_id FROM price_daily") == [("BTC",)], "what was fetched is staged", shown)


def rows(folder: pathlib.Path, sql: str) -> list[tuple]:
    """What a query says; only when no program under Wine has the file open, whose locks are not ours."""
    with sqlite3.connect(folder / "data/staging.db") as staging:
        return staging.execute(sql).fetchall()


main()
