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
rem This file is ASCII with CRLF: cmd reads anything else in the code page of the day. The program names the log's file,
rem because the order of day and month in %%date%% is the user's.
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
set "worst=0"
set "summary="
rem What sync ends with where there is no warehouse; no exit code of the program's own.
set "left_out=100"
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
set "worst=1"
set "summary=the build failed, "
:find_built
set "program=target\release\pricestash.exe"
if defined CARGO_TARGET_DIR set "program=%CARGO_TARGET_DIR%\release\pricestash.exe"
if exist "%program%" goto collect
for %%p in (pricestash.exe) do set "program=%%~$PATH:p"
if defined program goto collect
set "summary=there is no pricestash.exe: put it beside this script, or into the folder above it"
set "worst=1"
goto say

:collect
"%program%" --log-dir logs collect %*
call :note collect %errorlevel%

"%program%" --log-dir logs sync --if-configured=%left_out% %dry_run% %partial_ok%
call :note sync %errorlevel%

if not defined is_daily goto find_log
"%program%" --log-dir logs healthcheck
call :note healthcheck %errorlevel%

:find_log
set "log="
for /f "delims=" %%f in ('dir /b /a-d /o-d "logs\collect_*.log" 2^>nul') do if not defined log set "log=%%f"
set "summary=%summary%log: %cd%\logs\%log%"
:say
rem A folder may have any character in its name; what !line! holds is not read as a command.
setlocal EnableDelayedExpansion
echo daily_collect: !summary! 1>&2
endlocal
popd
rem Started by a double click, whose command line ends in quote, blank, quote: the window would close before anybody has
rem read it. It waits for a key, and for a minute at most.
if not defined cmdcmdline goto end
set "caller=%cmdcmdline:"='%"
if "%caller:~-3%"=="' '" timeout /t 60 2>nul
:end
endlocal & exit /b %worst%

rem Keeps the worst exit code: :note STEP CODE. A code that is none of the program's own (a crash) is a failure.
:note
if "%2"=="0" set "summary=%summary%%1 succeeded, " & exit /b 0
if "%2"=="2" set "summary=%summary%%1 was refused (exit code 2), " & set "worst=2" & exit /b 0
if "%2"=="3" goto note_partial
if "%2"=="%left_out%" set "summary=%summary%%1 sent nothing (DATABASE_URL is not set), " & exit /b 0
set "summary=%summary%%1 failed (exit code %2), "
if not "%worst%"=="2" set "worst=1"
exit /b 0
:note_partial
set "summary=%summary%%1 failed in part (exit code 3), "
if "%worst%"=="0" set "worst=3"
exit /b 0

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
