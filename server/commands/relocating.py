"""vanthu copy-originals: all originals into another store, before the setting is switched to it."""

from __future__ import annotations

import sys

import click

from server.commands import Desk


@click.command()
@click.argument("target")
@click.pass_context
def copy_originals(context: click.Context, target: str) -> None:
    """Copy all originals into TARGET (s3://bucket/folder or file:/folder), each read back there; again goes on.

    Exit status 1 where an original is damaged in the store it is in.
    """
    from archive import relocating
    from archive.blobs import open_blobs
    from archive.errors import BadValue

    desk: Desk = context.obj
    if target.rstrip("/") == desk.settings.blobs.rstrip("/"):
        raise BadValue("Bản gốc đang nằm ở đó rồi; không có gì phải chép.")
    done = relocating.copy(desk.readers, desk.blobs, open_blobs(target, desk.settings.data), _tell)
    click.echo(f"{done.copied} tệp đã chép và đọc lại đúng, {done.there} tệp đã có sẵn, {len(done.damaged)} tệp hỏng")
    for sha256 in done.damaged:
        click.echo(f"{sha256}: hỏng ở nơi đang lưu, chưa được chép", err=True)
    if done.damaged:
        context.exit(1)
    click.echo(
        f"Hãy dừng Văn Thư, chạy lại lệnh này một lần, đặt VANTHU_BLOBS={target}, rồi khởi động lại và chạy "
        "vanthu check --deep. Nơi cũ vẫn còn nguyên; chỉ xoá khi mọi thứ đã đúng."
    )


def _tell(done: int, total: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{done}/{total}", err=True, nl=done == total)
