@echo off
rem The daily run: collects prices into the SQLite file, sends what is pending to PostgreSQL, and looks whether every asset
rem is fresh. The last step is left out with --replay, an explicit window or --dry-run.
rem
rem   scripts\daily_collect.bat [ARGUMENTS OF pricestash collect]
rem   scripts\daily_collect.bat --replay data\sample --assets KS200,005930
rem
rem It may be called from any folder. It works in the folder above `scripts`, and when it lies in a folder of another name,
rem in that one: relative paths, .env and logs\ are looked for there. It takes the pricestash.exe that lies beside it, in
rem the folder it works in, in target\release (built first where there is source and cargo), or on PATH.
rem
rem Sync also runs when collect failed: what was collected before must not wait for a source that is down. Without
rem DATABASE_URL it says how many rows wait, which is no failure. With --dry-run neither step writes.
rem
rem Exit code: that of the worst step, in the order 2 (wrong usage or configuration), 1 (failure), 3 (partial failure), 0.
rem With --partial-ok a partial failure of collect or sync is 0.
rem
rem This file is ASCII with CRLF: cmd reads anything else in the code page of the day. The program prints the last line and
rem names the log's file, because the language and the order of day and month in %%date%% are the user's.
setlocal EnableExtensions DisableDelayedExpansion

rem pushd also enters \\server\share, by a drive letter of its own; popd gives it back.
pushd "%~dp0"
if exist "%~nx0" goto entered
echo daily_collect: the folder of this script cannot be entered 1>&2
exit /b 1
:entered
set "project="
for %%d in ("%~dp0.") do if /i "%%~nxd"=="scripts" set "project=.."
if defined project cd ..

set "dry_run="
set "partial_ok="
set "is_daily=yes"
if /i "%~1"=="--help" goto help
if /i "%~1"=="-h" goto help
if "%~1"=="/?" goto help
:next_argument
if "%~1"=="" goto find_program
if "%~1"=="--dry-run" set "dry_run=--dry-run" & set "is_daily="
if "%~1"=="--partial-ok" set "partial_ok=--partial-ok"
rem Old days are not fresh, and need not be.
for /f "delims==" %%a in ("%~1") do for %%w in (--replay --start --end --days) do if "%%a"=="%%w" set "is_daily="
shift /1
goto next_argument

:find_program
rem What each step ended with, as the program's last command takes it: collect=0
set "steps="
set "program=%~dp0pricestash.exe"
if exist "%program%" goto collect
set "program=pricestash.exe"
if exist "%program%" goto collect
rem Where rustup puts cargo; a scheduled task may have a short PATH.
set "PATH=%PATH%;%USERPROFILE%\.cargo\bin"
set "cargo="
if exist Cargo.toml for %%p in (cargo.exe) do set "cargo=%%~$PATH:p"
if not defined cargo goto find_built
cargo build --release --locked
if not errorlevel 1 goto find_built
set "steps=build=1"
:find_built
set "program=target\release\pricestash.exe"
if defined CARGO_TARGET_DIR set "program=%CARGO_TARGET_DIR%\release\pricestash.exe"
if exist "%program%" goto collect
for %%p in (pricestash.exe) do set "program=%%~$PATH:p"
if defined program goto collect
echo daily_collect: there is no pricestash.exe: put it beside this script, or into the folder above it 1>&2
set "code=1"
goto close

:collect
"%program%" --log-dir logs collect %*
set "steps=%steps% collect=%errorlevel%"

rem 100 is no exit code of the program's own: it says that there is no warehouse.
"%program%" --log-dir logs sync --if-configured=100 %dry_run% %partial_ok%
set "steps=%steps% sync=%errorlevel%"

if not defined is_daily goto last_line
"%program%" --log-dir logs healthcheck
set "steps=%steps% healthcheck=%errorlevel%"

:last_line
rem In the owner's language, and with the exit code of the worst step. Where it crashes itself, the day has failed.
"%program%" daily-end logs %steps% 1>&2
set "code=%errorlevel%"
if %code% lss 0 set "code=1"
if %code% gtr 3 set "code=1"
:close
popd
rem Started by a double click, whose command line ends in quote, blank, quote: the window would close before anybody has
rem read it. It waits for a key, and for a minute at most.
if not defined cmdcmdline goto end
set "caller=%cmdcmdline:"='%"
if "%caller:~-3%"=="' '" timeout /t 60 2>nul
:end
endlocal & exit /b %code%

:help
echo The daily run: collects prices into the SQLite file, sends what is pending to PostgreSQL, and looks whether every asset
echo is fresh. The last step is left out with --replay, an explicit window or --dry-run.
echo.
echo   scripts\daily_collect.bat [ARGUMENTS OF pricestash collect]
echo   scripts\daily_collect.bat --replay data\sample --assets KS200,005930
echo.
echo The log is logs\collect_YYYYMMDD.log. Exit code: that of the worst step, in the order 2 (wrong usage or configuration),
echo 1 (failure), 3 (partial failure), 0.
popd
endlocal & exit /b 0
