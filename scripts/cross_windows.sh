# shellcheck shell=bash
# Builds the Windows program on Linux, and runs it under Wine. To be sourced by a bash script in the project folder:
#
#   . scripts/cross_windows.sh
#   cross_windows_prepare || echo "$CROSS_WINDOWS_MISSING"
#   cargo build --locked "${CROSS_WINDOWS_BUILD[@]}"
#   cross_windows_start_wine || echo "$CROSS_WINDOWS_MISSING"
#   wine …/pricestash.exe
#   cross_windows_stop_wine
#
# Nobody needs it who has Windows: there plain cargo builds the program. Everything lies below target/windows, the Wine
# prefix too. Packages that are missing are installed by apt-get where that is possible.
#
# The standard library for Windows: the toolchain's own where it is installed (rustup target add x86_64-pc-windows-gnu),
# else it is built from the toolchain's rust-src, else from Debian's package rust-src of the same version.

CROSS_WINDOWS_TARGET=x86_64-pc-windows-gnu
# What is missing, when a function here has failed; for the script that sources this file.
# shellcheck disable=SC2034
CROSS_WINDOWS_MISSING=
# The arguments that cargo needs.
CROSS_WINDOWS_BUILD=()
_cross_folder=$PWD/target/windows

# Checks and gets what a build needs, and tells cargo of it.
cross_windows_prepare() {
    mkdir -p "$_cross_folder" || return 1
    # A folder of its own: what is built here with another environment would be built anew there.
    export CARGO_TARGET_DIR=$_cross_folder
    cross_windows_install x86_64-w64-mingw32-gcc gcc-mingw-w64-x86-64-win32 || return 1
    export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER=x86_64-w64-mingw32-gcc
    CROSS_WINDOWS_BUILD=(--target "$CROSS_WINDOWS_TARGET")
    [ -d "$(rustc --print target-libdir --target "$CROSS_WINDOWS_TARGET")" ] || _cross_use_library_source
}

# Makes a Wine prefix of our own and puts `wine` on PATH.
cross_windows_start_wine() {
    cross_windows_install wine wine64 wine || return 1
    export WINEPREFIX=$_cross_folder/wine WINEDEBUG=-all
    # No question about Mono or a browser in the middle of a test.
    export WINEDLLOVERRIDES='mscoree=;mshtml=;winemenubuilder.exe='
    if ! [ -f "$WINEPREFIX/ready" ]; then
        wine wineboot -i && wine winecfg /v win10 && _cross_add_random_numbers && touch "$WINEPREFIX/ready"
    fi >"$_cross_folder/wine.log" 2>&1 || {
        CROSS_WINDOWS_MISSING="Wine does not start, see $_cross_folder/wine.log"
        return 1
    }
    # What was running while the prefix was made knows nothing of its services, such as the Task Scheduler.
    cross_windows_stop_wine
    # Its server stays between two programs: one that starts while it ends is told "connection reset by peer".
    _cross_wineserver -p 2>/dev/null || true
}

cross_windows_stop_wine() {
    _cross_wineserver -k 2>/dev/null || true
}

_cross_wineserver() {
    if command -v wineserver >/dev/null; then wineserver "$@"; else /usr/lib/wine/wineserver "$@"; fi
}

# Installs Debian packages when a program is missing: cross_windows_install PROGRAM PACKAGE…
cross_windows_install() {
    local program=$1 as_root=()
    shift
    ! command -v "$program" >/dev/null || return 0
    CROSS_WINDOWS_MISSING="$program is not installed and apt-get cannot install it (on Debian and Ubuntu: apt-get install $*)"
    command -v apt-get >/dev/null || return 1
    if ((EUID != 0)); then
        sudo -n true 2>/dev/null || return 1
        as_root=(sudo -n)
    fi
    echo "installing $*" >&2
    {
        ${as_root[@]+"${as_root[@]}"} apt-get update
        ${as_root[@]+"${as_root[@]}"} env DEBIAN_FRONTEND=noninteractive \
            apt-get install --yes --no-install-recommends "$@"
    } >"$_cross_folder/apt.log" 2>&1
    command -v "$program" >/dev/null
}

# Lets cargo build the standard library.
_cross_use_library_source() {
    local version library
    version=$(rustc --version | cut -d' ' -f2)
    library=$(rustc --print sysroot)/lib/rustlib/src/rust/library
    if ! [ -f "$library/std/Cargo.toml" ]; then
        library=$_cross_folder/rust-$version/library
        [ -f "$library/std/Cargo.toml" ] || _cross_get_library_source "$version" "$library" || {
            CROSS_WINDOWS_MISSING="Rust's standard library for Windows is not there, and its source for $version cannot be had from Debian (rustup target add $CROSS_WINDOWS_TARGET brings it)"
            return 1
        }
        # Where cargo looks when the source is not in the toolchain.
        export __CARGO_TESTS_ONLY_SRC_ROOT=$library
    fi
    # -Z options of a stable toolchain, for this build only.
    export RUSTC_BOOTSTRAP=1
    CROSS_WINDOWS_BUILD+=('-Zbuild-std=std,panic_abort')
    # shellcheck disable=SC2034
    CROSS_WINDOWS_MISSING="Rust's startup objects for Windows cannot be compiled from $library"
    _cross_build_startup_objects "$library/rtstartup"
}

# Unpacks the library's source from Debian's package of this version: _cross_get_library_source VERSION FOLDER
_cross_get_library_source() {
    local version=$1 apt=$_cross_folder/apt mirror package unpacked
    command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return 1
    # shellcheck disable=SC2016 # apt-get fills it in
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null | grep -m 1 '/debian/*$') || return 1
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" || return 1
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie-backports main" >"$apt/sources.list"
    # Lists of our own: nothing of the machine's own list of packages is touched.
    local options=(-o "Dir::Etc::SourceList=$apt/sources.list" -o Dir::Etc::SourceParts=/dev/null
        -o "Dir::State::Lists=$apt/lists" -o "Dir::Cache=$apt/cache" -o APT::Sandbox::User=root)
    echo "getting the source of Rust's standard library $version" >&2
    apt-get "${options[@]}" update >"$_cross_folder/apt.log" 2>&1 || return 1
    package=$(apt-cache "${options[@]}" madison rust-src | tr -d ' ' | grep -o "|$version+[^|]*|" | head -n 1 | tr -d '|')
    [ -n "$package" ] || return 1
    (cd "$apt" && apt-get "${options[@]}" download "rust-src=$package" >>"$_cross_folder/apt.log" 2>&1) || return 1
    unpacked=$(mktemp -d "$_cross_folder/unpack.XXXXXX") || return 1
    dpkg-deb --fsys-tarfile "$apt"/rust-src_*.deb | tar -x -C "$unpacked" --wildcards './usr/src/rustc-*/library' &&
        mkdir -p "${2%/library}" && mv "$unpacked"/usr/src/rustc-*/library "$2"
    rm -rf -- "$unpacked" "$apt"/rust-src_*.deb
    [ -f "$2/std/Cargo.toml" ]
}

# The two objects that the linker puts around a program for Windows, which come with the prebuilt library only.
_cross_build_startup_objects() {
    local name objects=$_cross_folder/startup
    mkdir -p "$objects" || return 1
    for name in rsbegin rsend; do
        rustc --target "$CROSS_WINDOWS_TARGET" --emit obj -o "$objects/$name.o" "$1/$name.rs" || return 1
    done
    export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUSTFLAGS="-L native=$objects"
}

# Rust asks bcryptprimitives.dll for random numbers, which Wine has since 9 only: one for this prefix.
_cross_add_random_numbers() {
    local system=$WINEPREFIX/drive_c/windows/system32
    [ ! -f "$system/bcryptprimitives.dll" ] || return 0
    x86_64-w64-mingw32-gcc -shared -o "$system/bcryptprimitives.dll" -x c - -ladvapi32 <<'C'
#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T size) { return SystemFunction036(data, (ULONG)size); }
C
}
