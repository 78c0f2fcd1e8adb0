"""Where the files are that come with the package."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent


def configs_folder() -> Path:
    """Return the folder of scenarios and rule books: the checkout's, else the one shipped with the package."""
    checkout = PACKAGE.parent / "configs"
    return checkout if (checkout / "scenarios").is_dir() else PACKAGE / "_configs"


def venue_names() -> list[str]:
    """Return the names of the rule books that come with the package."""
    return sorted(path.stem for path in (configs_folder() / "venues").glob("*.yaml"))


def label_of(file: Path) -> str:
    """Return the name that a reader in this folder would give a file."""
    try:
        return str(file.resolve().relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(file)
