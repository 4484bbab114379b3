@echo off
rem Registers the daily run with the Windows Task Scheduler, as Pricestash_DailyCollect.
rem
rem   scripts\register_scheduler.bat               every day at 18:00
rem   scripts\register_scheduler.bat 07:30         every day at 07:30, in the machine's time zone
rem   scripts\register_scheduler.bat /unregister   removes the task
rem
rem It asks nothing, so that another script may call it; a task of that name is replaced. The definition is an XML file
rem that the program writes: a missed run is made up for as soon as the machine is on (StartWhenAvailable), also on battery
rem (DisallowStartIfOnBatteries false), nothing is woken (WakeToRun false), one run at a time (MultipleInstancesPolicy
rem IgnoreNew), stopped after an hour (ExecutionTimeLimit PT1H), tried three more times (RestartOnFailure).
rem
rem As administrator the task also runs when nobody is logged on. Without these rights it runs while you are logged on, the
rem screen may be locked.
rem
rem Exit code: 0 registered or removed, 1 Windows refused it, 2 wrong usage.
setlocal EnableExtensions DisableDelayedExpansion
set "task=Pricestash_DailyCollect"
set "schtasks=%SystemRoot%\System32\schtasks.exe"
set "code=2"
if "%~1"=="/?" goto help
if /i "%~1"=="--help" goto help
if not "%~2"=="" goto usage
if /i "%~1"=="/unregister" goto unregister
if /i "%~1"=="--unregister" goto unregister
set "at=18:00"
if not "%~1"=="" set "at=%~1"

set "code=1"
set "daily=%~dp0daily_collect.bat"
if exist "%daily%" goto find_program
echo daily_collect.bat should lie beside this script, and does not. 1>&2
goto end
:find_program
pushd "%~dp0"
set "program=%~dp0pricestash.exe"
if exist "%program%" goto scratch
set "program=%~dp0..\pricestash.exe"
if exist "%program%" goto scratch
set "program=%~dp0..\target\release\pricestash.exe"
if exist "%program%" goto scratch
for %%p in (pricestash.exe) do set "program=%%~$PATH:p"
if defined program goto scratch
popd
echo There is no pricestash.exe: put it beside this script, or into the folder above it. 1>&2
goto end

rem A folder of its own: two calls in one second draw the same numbers, mkdir lets one pass.
:scratch
if not defined TEMP set "TEMP=."
set "tries=0"
:next_scratch
set /a tries+=1
set "scratch=%TEMP%\pricestash_%RANDOM%%RANDOM%"
mkdir "%scratch%" 2>nul
if errorlevel 1 if %tries% lss 20 goto next_scratch

set "when=also when nobody is logged on"
"%program%" windows-task "%daily%" --at "%at%" --user "%USERDOMAIN%\%USERNAME%" --output "%scratch%\task.xml"
set "code=%errorlevel%"
if not "%code%"=="0" goto clean
"%schtasks%" /create /tn "%task%" /xml "%scratch%\task.xml" /f <nul >nul 2>nul
if not errorlevel 1 goto registered
set "when=while you are logged on, the screen may be locked; as administrator: also when nobody is logged on"
"%program%" windows-task "%daily%" --at "%at%" --output "%scratch%\task.xml"
"%schtasks%" /create /tn "%task%" /xml "%scratch%\task.xml" /f <nul
if not errorlevel 1 goto registered
set "code=1"
echo Windows refused to register %task%; what it says stands above. 1>&2
call :say_rights
goto clean
:registered
echo %task% runs every day at %at%, %when%.
echo It can be seen in the Task Scheduler and removed by: register_scheduler.bat /unregister
:clean
rmdir /s /q "%scratch%"
popd
goto end

:unregister
set "code=0"
"%schtasks%" /delete /tn "%task%" /f <nul >nul 2>nul
if errorlevel 1 goto not_removed
echo %task% is removed. The prices and logs stay.
goto end
:not_removed
"%schtasks%" /query /tn "%task%" <nul >nul 2>nul
if errorlevel 1 goto not_there
set "code=1"
echo Windows refused to remove %task%. 1>&2
call :say_rights
goto end
:not_there
echo %task% is not registered, there is nothing to remove.

:end
rem Started by a double click, whose command line ends in quote, blank, quote: the window would close before anybody has
rem read it. It waits for a key, and for a minute at most.
if not defined cmdcmdline goto leave
set "caller=%cmdcmdline:"='%"
if "%caller:~-3%"=="' '" timeout /t 60 2>nul
:leave
endlocal & exit /b %code%

rem Whether this runs as administrator, by the number that stands for it in every language of Windows.
:say_rights
"%SystemRoot%\System32\whoami.exe" /groups 2>nul | "%SystemRoot%\System32\find.exe" "S-1-16-12288" >nul
if not errorlevel 1 exit /b 0
echo Administrator rights are missing: right-click this script and choose "Run as administrator". 1>&2
exit /b 0

:usage
echo Too many arguments. 1>&2
:help
echo Registers the daily run with the Windows Task Scheduler, as %task%.
echo.
echo   register_scheduler.bat               every day at 18:00
echo   register_scheduler.bat 07:30         every day at 07:30, in the machine's time zone
echo   register_scheduler.bat /unregister   removes the task
if "%~2"=="" set "code=0"
endlocal & exit /b %code%
