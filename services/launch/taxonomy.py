"""`recourse taxonomy …`: what customers complain of, shown and checked without a database."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from services.intake.categorise.lexicon import Lexicon
from services.intake.categorise.phrases import PhraseError
from services.launch.policy.check import DATA_FAULT
from shared.domain.errors import PolicyFault
from shared.domain.taxonomy import Taxonomy
from shared.policy.taxonomy import SHIPPED, load_taxonomy

app = typer.Typer(no_args_is_help=True, help="The taxonomy: what customers complain of, in two levels.")

Named = Annotated[str, typer.Argument(help=f"{' or '.join(SHIPPED)}, or the path of a TOML file.")]


@app.command()
def check(name: Named) -> None:
    """Checks a taxonomy, or names its fault with its line; ends with 65 when there is one."""
    taxonomy = _loaded(name)
    issues = sum(len(category.issues) for category in taxonomy.categories)
    typer.echo(f"{name}: OK. {len(taxonomy.categories)} categories, {issues} issues.")


@app.command()
def show(name: Named = "general") -> None:
    """Shows categories and issues with what each is called elsewhere."""
    taxonomy = _loaded(name)
    table = Table(title=taxonomy.title)
    for heading in ("category", "issue", "title", "elsewhere"):
        table.add_column(heading, no_wrap=heading in {"category", "issue"}, overflow="fold")  # names are typed again
    for category in taxonomy.categories:
        table.add_row(category.name, "", category.title, _codes(category.codes), style="bold")
        for issue in category.issues:
            table.add_row("", issue.name, issue.title, _codes(issue.codes))
    Console().print(table)


def _codes(codes: object) -> str:
    assert isinstance(codes, dict)
    return "; ".join(f"{scheme} {', '.join(names)}" for scheme, names in codes.items())


def _loaded(name: str) -> Taxonomy:
    try:
        taxonomy = load_taxonomy(name)
        Lexicon(taxonomy.phrases())
    except PolicyFault as fault:
        at = f", line {fault.line}" if fault.line else ""
        typer.echo(f"{fault.place}{at}: {fault.detail}", err=True)
        raise typer.Exit(DATA_FAULT) from fault
    except PhraseError as fault:
        typer.echo(f"{name}: {fault}", err=True)
        raise typer.Exit(DATA_FAULT) from fault
    return taxonomy
