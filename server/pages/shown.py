"""How values are shown to people: Vietnamese dates, hours, numbers and the names of fields."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from archive.workdays import HANOI
from server.speech import gettext as _

FIELDS = {
    "number": "Số", "symbol": "Ký hiệu", "full_code": "Số, ký hiệu", "date": "Ngày văn bản",
    "issuing_organ": "Nơi gửi", "parent_organ": "Cơ quan cấp trên", "document_type": "Loại",
    "document_subtype": "Loại chi tiết", "subject": "Trích yếu", "drafting_unit": "Đơn vị soạn thảo",
    "place": "Địa danh", "signer_authority": "Thẩm quyền ký", "signer_title": "Chức vụ", "signer_name": "Người ký",
    "urgency": "Độ khẩn", "secrecy": "Độ mật", "province_at_issue": "Tỉnh khi ban hành",
    "province_current": "Tỉnh hiện nay", "addressees": "Kính gửi", "recipients": "Nơi nhận", "archive_copy": "Nơi lưu",
}  # fmt: skip
STAMP_FIELDS = {
    "organ": "Cơ quan nhận", "number": "Số đến", "date": "Ngày đến", "time": "Giờ đến", "forward_to": "Chuyển",
    "file_ref": "Hồ sơ số",
}  # fmt: skip
STATUSES = {
    "review": ("warn", "⚠", "Chờ kiểm tra"), "registered": ("ok", "✓", "Đã vào sổ"), "routed": ("ok", "→", "Đã chuyển"),
    "handling": ("run", "◔", "Đang xử lý"), "done": ("ok", "✓", "Hoàn thành"), "void": ("off", "✕", "Đã huỷ"),
}  # fmt: skip
FLAGS = {
    "type_symbol_conflict": "Tên loại và ký hiệu không khớp nhau",
    "signature_block_missing": "Không thấy phần chữ ký",
    "signature_block_partial": "Phần chữ ký chỉ đọc được một phần",
    "header_missing": "Không thấy phần đầu văn bản",
    "date_missing_in_text": "Văn bản không ghi đủ ngày",
    "number_missing_in_text": "Văn bản không ghi số",
    "handwriting_noise": "Chữ viết tay đè lên chữ in",
    "fields_from_body_sentence": "Một số ô lấy từ câu trong nội dung",
    "not_a_scan": "Không phải bản quét văn bản",
    "web_article": "Trang báo in ra, không phải văn bản",
    "needs_review": "Máy đề nghị xem kỹ",
    "space_inside_code": "Số, ký hiệu có khoảng trống bên trong",
    "ocr_missing_diacritic_in_place": "Địa danh đọc thiếu dấu",
    "ocr_missing_diacritic_in_stamp": "Dấu ĐẾN đọc thiếu dấu",
    "signature_broken": "Chữ ký số không đúng: tệp đã bị sửa sau khi ký",
    "signature_changed": "Tệp có phần thêm vào sau khi ký số",
    "signed_before_date": "Văn bản ghi ngày sau ngày ký số",
    "signed_long_after_date": "Chữ ký số muộn hơn ngày văn bản trên ba tháng",
    "signed_by_other_organ": "Cơ quan trong chữ ký số khác nơi gửi",
    "message_signature_broken": "Chữ ký của thông điệp edXML không đúng nên không dùng thông tin của nó",
}
SILENT_FLAGS = {"part_of_bundle"}
"""Said better elsewhere on the page."""
ADVICE = {
    "faint": "chữ mờ",
    "low_resolution": "độ phân giải thấp",
    "cut_off": "bị cắt mép",
    "rotated": "bị xoay",
    "dark": "quá tối",
    "unreadable": "không đọc được",
    "blurred": "bị nhoè",
    "skewed": "bị nghiêng",
    "poor": "khó đọc",
}
SCAN_AGAIN = {
    "faint": "Chữ quá mờ: hãy quét lại đậm hơn.",
    "low_resolution": "Độ phân giải quá thấp: hãy quét lại ở 300 dpi.",
    "cut_off": "Chữ bị cắt ở mép: hãy đặt lại giấy rồi quét lại.",
    "dark": "Trang quá tối hoặc có bóng: hãy đậy nắp máy quét, hoặc chụp ở nơi đủ sáng.",
    "blurred": "Chữ bị nhoè: hãy quét lại ở 300 dpi, giữ yên giấy hoặc điện thoại.",
    "skewed": "Trang bị nghiêng nhiều: hãy đặt thẳng giấy rồi quét lại.",
    "poor": "Máy đọc trang này không chắc: hãy so kỹ với ảnh, hoặc quét lại ở 300 dpi.",
    "rotated": "Trang bị xoay khi quét; máy đã xoay lại.",
}
"""What a clerk may do about a page, before time is lost on its text."""
ACTIONS = {
    "set_aside": "Đã bỏ khỏi hàng đợi", "brought_back": "Đã đưa lại vào hàng đợi",
    "received": "Đã nhận tệp", "read": "Đã đọc", "corrected": "Đã sửa", "confirmed": "Đã xác nhận",
    "registered": "Đã vào sổ", "number_voided": "Đã huỷ số", "entry_amended": "Đã sửa dòng trong sổ",
    "numbers_awaited": "Chờ văn bản của số", "routed": "Đã chuyển", "retried": "Đã thử đọc lại",
    "split": "Đã tách văn bản", "merged": "Đã ghép văn bản", "pages_moved": "Đã xếp lại trang",
    "page_turned": "Đã xoay trang", "cut_undone": "Đã hoàn tác",
    "failed": "Đọc không được", "shelved": "Đã đưa vào tìm kiếm", "cut": "Đã tách văn bản",
    "extracted": "Đã trích thông tin", "surveyed": "Đã xem tệp", "marked": "Đã tìm dấu", "reread": "Đọc lại",
    "quarantined": "Đã cách ly", "secrecy_released": "Đã trả lại, không phải văn bản mật", "destroyed": "Đã tiêu hủy",
    "secrets_allowed": "Đã cho đọc văn bản mật", "secrets_forbidden": "Đã cấm đọc văn bản mật",
    "read_restricted": "Đã mở văn bản hạn chế", "book_begun": "Đã mở sổ từ số",
    "numbers_voided": "Đã huỷ các số chờ", "day_closed": "Đã khóa sổ ngày", "day_reopened": "Đã mở lại ngày đã khóa",
    "book_added": "Đã mở sổ mới", "book_changed": "Đã sửa sổ", "book_imported": "Đã nhập sổ cũ",
    "backed_up": "Đã sao lưu", "restored": "Đã phục hồi từ bản sao lưu", "bag_imported": "Nhập sổ từ kho khác",
    "last_on_paper": "Ghi số cuối trên giấy",
    "entered_by_hand": "Đã nhập tay", "scan_attached": "Đã gắn bản quét",
    "plugins_ordered": "Đã xếp thứ tự phần bổ sung", "stamp_taught": "Đã dạy mẫu dấu",
    "stamp_forgotten": "Đã bỏ mẫu dấu", "agency_code_added": "Đã thêm mã định danh",
    "search_kept": "Đã lưu câu tìm", "search_renamed": "Đã đổi tên câu tìm", "search_removed": "Đã xoá câu tìm",
    "exported": "Đã xuất Excel",
    "abbreviation_added": "Đã thêm chữ viết tắt", "abbreviation_removed": "Đã xoá chữ viết tắt",
    "abbreviation_switched_off": "Đã tắt chữ viết tắt", "abbreviation_switched_on": "Đã bật lại chữ viết tắt",
    "filed": "Đã đưa vào hồ sơ", "unfiled": "Đã bỏ khỏi hồ sơ", "file_ordered": "Đã xếp lại trong hồ sơ",
    "file_opened": "Đã lập hồ sơ", "file_changed": "Đã sửa hồ sơ", "file_removed": "Đã xoá hồ sơ",
    "file_closed": "Đã kết thúc hồ sơ", "file_reopened": "Đã mở lại hồ sơ", "file_handed_over": "Đã nộp lưu hồ sơ",
    "package_asked": "Đã yêu cầu chuẩn bị gói nộp lưu", "package_taken": "Đã lấy gói nộp lưu",
    "everything_exported": "Đã xuất toàn bộ kho",
    "agency_code_ended": "Đã ghi ngày cuối của mã định danh", "agency_code_removed": "Đã xoá mã định danh ghi nhầm",
}  # fmt: skip

STEPS = {
    "taken_over": "Đã nhận văn bản", "assigned": "Đã giao người xử lý", "proposed": "Đã ghi ý kiến đề xuất",
    "finished": "Đã kết thúc xử lý", "extension_asked": "Đã xin gia hạn", "extended": "Đã gia hạn",
    "extension_refused": "Không gia hạn", "returned": "Đã trả lại", "forwarded": "Đã chuyển đơn vị khác",
    "recalled": "Đã thu hồi", "reopened": "Đã mở lại",
}  # fmt: skip
"""Steps of handling, see archive/handling.py."""
ACTIONS |= STEPS | {
    "message_kept": "Đã lưu nguyên thư", "message_refused": "Có tệp trong thư không nhận được",
    "refused": "Đã từ chối ở cửa", "original_damaged": "Thấy bản gốc hỏng", "original_whole": "Bản gốc đã lành lại",
    "inspection_asked": "Đã yêu cầu kiểm tra toàn bộ", "inspected": "Đã kiểm tra toàn bộ",
    "holiday_put": "Đã ghi ngày nghỉ, ngày làm bù", "holiday_removed": "Đã bỏ một ngày khỏi bảng ngày nghỉ",
    "delegated": "Đã giao quyền", "delegation_revoked": "Đã thu hồi quyền đã giao",
    "reminders_set": "Đã đổi cách nhắc việc",
    "sent_to_office": "Đã gửi sang cơ quan khác", "sending_told": "Cơ quan nhận báo trạng thái",
    "came_from_office": "Đã đến từ cơ quan khác", "office_named": "Đã ghi kho này là của cơ quan nào",
    "said_secret": "Nơi gửi đến báo là tài liệu mật; cần người quyết định",
    "recall_asked": "Bên gửi đề nghị thu hồi", "update_asked": "Bên gửi đề nghị cập nhật",
    "replacement_told": "Bên gửi báo đã thay thế", "status_told": "Đã báo trạng thái cho bên gửi",
}  # fmt: skip
WEEKDAYS = ("Thứ hai", "Thứ ba", "Thứ tư", "Thứ năm", "Thứ sáu", "Thứ bảy", "Chủ nhật")


def action_name(action: str) -> str:
    """What happened, in words."""
    return _(ACTIONS.get(action, action))


def weekday(value: dt.date) -> str:
    """`Thứ hai`."""
    return _(WEEKDAYS[value.weekday()])


UNDO = {"split": "tách văn bản", "merged": "ghép văn bản", "moved": "xếp lại trang", "turned": "xoay trang"}
"""What can be taken back, by the kind of the cut."""
DID = {"split": "Đã tách văn bản.", "merged": "Đã ghép văn bản.", "moved": "Đã xếp lại trang.",
       "turned": "Đã xoay trang.", "undone": "Đã hoàn tác.", "aside": "Đã bỏ khỏi hàng đợi, không vào sổ."}  # fmt: skip
"""What was just done to the pages."""


def field_name(name: str) -> str:
    """The label of a field; a plugin's own field has only its own name."""
    of_stamp = name.removeprefix("stamp.")
    if of_stamp != name and of_stamp in STAMP_FIELDS:
        return _(STAMP_FIELDS[of_stamp])
    return _(FIELDS[name]) if name in FIELDS else name


def day(value: Any) -> str:
    """An ISO text, a date or a moment as dd/mm/yyyy; what is no whole date stays as it is (`2025-02` → 02/2025)."""
    if isinstance(value, dt.datetime):
        value = value.astimezone(HANOI).date()
    if isinstance(value, dt.date):
        return f"{value:%d/%m/%Y}"
    parts = str(value or "").split("-")
    return "/".join(reversed(parts)) if 1 < len(parts) <= 3 and all(p.isdigit() for p in parts) else str(value or "")


def moment(value: dt.datetime | str | None) -> str:
    """A moment in Vietnam: `14:02 · 25/03/2020`."""
    at = local(value)
    return f"{at:%H:%M · %d/%m/%Y}" if at else ""


def hour(value: dt.datetime | str | None, now: dt.datetime | None = None) -> str:
    """`14:02` today, `25/03` before."""
    at = local(value)
    if at is None:
        return ""
    today = (now or dt.datetime.now(dt.UTC)).astimezone(HANOI).date()
    return f"{at:%H:%M}" if at.date() == today else f"{at:%d/%m}"


def local(value: dt.datetime | str | None) -> dt.datetime | None:
    """A moment (aware, or ISO text) in Vietnam."""
    if not value:
        return None
    return (dt.datetime.fromisoformat(value) if isinstance(value, str) else value).astimezone(HANOI)


def count(value: int) -> str:
    """1161 → 1.161."""
    return f"{value:,}".replace(",", ".")


def percent(value: float | None) -> str:
    """0.973 → 97 %; certainty is never claimed."""
    return f"{min(int((value or 0) * 100), 99)} %"


def value_of(name: str, value: Any) -> str:
    """The value of a field as it stands in an input."""
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return "; ".join(str(one) for one in value)
    return day(value) if name.rpartition(".")[2] == "date" else str(value)


def browser(agent: str) -> str:
    """What a browser says of itself, as people call it: Firefox, Windows."""
    # The order matters: Edge says that it is Chrome, and Chrome that it is Safari.
    names = {"Edg": "Edge", "Firefox": "Firefox", "Chrom": "Chrome", "Safari": "Safari"}
    systems = {"Windows": "Windows", "Android": "Android", "iPhone": "iPhone", "iPad": "iPad", "Mac OS": "macOS",
               "Linux": "Linux"}  # fmt: skip
    found = [next((name for key, name in known.items() if key in agent), "") for known in (names, systems)]
    return ", ".join(filter(None, found)) or _("trình duyệt khác")


FILTERS: dict[str, Callable[..., str]] = {
    "day": day, "moment": moment, "hour": hour, "count": count, "percent": percent, "field_name": field_name,
    "browser": browser,
}  # fmt: skip
