"""What the sample papers say. Organs exist; persons, numbers, dates and texts are made up for this project."""

from __future__ import annotations

from server.demo.paper import Arrival, Cited, Paper, Sample

OFFICE = "VĂN PHÒNG TỈNH ỦY"

ARCHIVES = Paper(
    slug="ra_soat_ho_so",
    system="state",
    organ_lines=(("ỦY BAN NHÂN DÂN", True), ("TỈNH CAO BẰNG", True)),
    issuing_organ="Ủy ban nhân dân tỉnh Cao Bằng",
    document_type="Công văn",
    drafting_unit="NC",
    number="1846",
    symbol="UBND-NC",
    place="Cao Bằng",
    date="2026-08-12",
    subject="rà soát hồ sơ, tài liệu giấy đến hạn nộp vào lưu trữ lịch sử",
    addressees=("Các sở, ban, ngành tỉnh", "Văn phòng Tỉnh ủy", "Ủy ban nhân dân các xã, phường"),
    body=(
        "Thực hiện Kế hoạch số 1127/KH-UBND ngày 15/5/2026 của Ủy ban nhân dân tỉnh Cao Bằng về số hóa tài liệu lưu "
        "trữ giai đoạn 2026 - 2030, Ủy ban nhân dân tỉnh đề nghị các cơ quan, đơn vị thực hiện một số nội dung sau:",
        "1. Rà soát, thống kê hồ sơ, tài liệu giấy hình thành trước ngày 01/7/2025 còn lưu tại cơ quan; phân loại theo "
        "thời hạn lưu trữ và tình trạng vật lý, lập danh mục hồ sơ theo từng năm.",
        "2. Bố trí công chức, viên chức làm đầu mối; bảo đảm an toàn tài liệu trong thời gian chỉnh lý, không để thất "
        "lạc, hư hỏng hồ sơ khi di chuyển giữa các trụ sở làm việc.",
        "3. Gửi báo cáo kết quả về Ủy ban nhân dân tỉnh (qua Sở Nội vụ) trước ngày 30/9/2026 để tổng hợp.",
        "Ủy ban nhân dân tỉnh đề nghị các cơ quan, đơn vị quan tâm phối hợp thực hiện./.",
    ),
    recipients=("Như trên", "TT. Tỉnh ủy (b/c)", "CT, các PCT UBND tỉnh", "LĐVP, CV: NC, TH", "Lưu: VT, NC"),
    archive_copy=("VT", "NC"),
    signer=("TM. ỦY BAN NHÂN DÂN", "KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"),
    signer_name="Nông Thế Khải",
    seal="ỦY BAN NHÂN DÂN TỈNH CAO BẰNG",
    province="Cao Bằng",
    citations=(Cited("Kế hoạch", "1127/KH-UBND", "2026-05-15", "Ủy ban nhân dân tỉnh Cao Bằng", "basis"),),
    arrival=Arrival(OFFICE, "1372", "14/8/26", "2026-08-14", (56, 76), forward_to="P.TH", angle=2.0),
    number_by_hand=True,
    header_room=7,
)

PARTY_LETTER = Paper(
    slug="chuyen_doi_so",
    system="party",
    organ_lines=(("TỈNH ỦY SƠN LA", True),),
    issuing_organ="Tỉnh ủy Sơn La",
    document_type="Công văn",
    number="318",
    symbol="CV/TU",
    place="Sơn La",
    date="2026-06-09",
    subject="trao đổi kinh nghiệm chuyển đổi số trong các cơ quan đảng",
    addressees=("Tỉnh ủy Cao Bằng", "Văn phòng Tỉnh ủy Cao Bằng"),
    body=(
        "Thực hiện Hướng dẫn số 27-HD/VPTW, ngày 20/4/2026 của Văn phòng Trung ương Đảng về ứng dụng công nghệ thông "
        "tin trong công tác văn thư, Ban Thường vụ Tỉnh ủy Sơn La dự kiến tổ chức đoàn công tác trao đổi kinh nghiệm "
        "tại tỉnh Cao Bằng.",
        "1- Nội dung: quy trình tiếp nhận, đăng ký, chuyển giao văn bản đến; quản lý tài liệu số hóa; bồi dưỡng kỹ "
        "năng số cho cán bộ văn phòng cấp ủy.",
        "2- Thành phần: đại diện Thường trực Tỉnh ủy, Văn phòng Tỉnh ủy và văn phòng một số đảng ủy trực thuộc; số "
        "lượng 12 đồng chí.",
        "3- Thời gian: 02 ngày, dự kiến trong tuần cuối tháng 6 năm 2026.",
        "Ban Thường vụ Tỉnh ủy Sơn La trân trọng đề nghị Tỉnh ủy Cao Bằng quan tâm, bố trí thời gian tiếp và làm việc "
        "với đoàn. Ý kiến xin gửi về Văn phòng Tỉnh ủy Sơn La trước ngày 18/6/2026 để phối hợp chuẩn bị./.",
    ),
    recipients=("Như trên", "Thường trực Tỉnh ủy (b/c)", "LĐVP, CVTH", "Lưu Văn phòng Tỉnh ủy"),
    archive_copy=("Văn phòng Tỉnh ủy",),
    signer=("T/M BAN THƯỜNG VỤ", "PHÓ BÍ THƯ THƯỜNG TRỰC"),
    signer_name="Lò Quyết Tiến",
    seal="ĐẢNG BỘ TỈNH SƠN LA",
    province="Sơn La",
    citations=(Cited("Hướng dẫn", "27-HD/VPTW", "2026-04-20", "Văn phòng Trung ương Đảng", "basis"),),
    arrival=Arrival(OFFICE, "908", "11/6/2026", "2026-06-11", (163, 62), layout="older", colour="blue", angle=-2.5),
    header_room=17,
)

DECISION = Paper(
    slug="ban_hanh_quy_che",
    system="state",
    organ_lines=(("UBND TỈNH CAO BẰNG", False), ("SỞ NỘI VỤ", True)),
    issuing_organ="Sở Nội vụ",
    parent_organ="Ủy ban nhân dân tỉnh Cao Bằng",
    document_type="Quyết định",
    number="67",
    symbol="QĐ-SNV",
    place="Cao Bằng",
    date="2026-02-05",
    title=("QUYẾT ĐỊNH", "Về việc ban hành Quy chế sử dụng kho lưu trữ chuyên dụng"),
    subject="ban hành Quy chế sử dụng kho lưu trữ chuyên dụng",
    body=(
        "GIÁM ĐỐC SỞ NỘI VỤ",
        "Căn cứ Nghị định số 30/2020/NĐ-CP ngày 05/3/2020 của Chính phủ về công tác văn thư;",
        "Căn cứ Quyết định số 2214/QĐ-UBND ngày 18/11/2025 của Ủy ban nhân dân tỉnh Cao Bằng về việc giao quản lý kho "
        "lưu trữ chuyên dụng của tỉnh;",
        "Theo đề nghị của Giám đốc Trung tâm Lưu trữ lịch sử tỉnh.",
        "QUYẾT ĐỊNH:",
        "Điều 1. Ban hành kèm theo Quyết định này Quy chế sử dụng kho lưu trữ chuyên dụng của tỉnh.",
        "Điều 2. Trung tâm Lưu trữ lịch sử tỉnh chịu trách nhiệm bố trí giá, tủ, thiết bị theo dõi nhiệt độ và độ ẩm; "
        "mở sổ theo dõi người vào, ra kho; kiểm tra phòng cháy, chữa cháy ít nhất mỗi quý một lần.",
        "Điều 3. Tài liệu đưa vào kho phải được vệ sinh, khử trùng và có danh mục kèm theo. Việc đưa tài liệu ra khỏi "
        "kho phải được Giám đốc Sở đồng ý bằng văn bản, trừ trường hợp cứu tài liệu khi có hỏa hoạn, thiên tai.",
        "Điều 4. Kinh phí bảo quản, tu bổ tài liệu và sửa chữa kho thực hiện theo dự toán được giao hằng năm của Sở; "
        "Văn phòng Sở chủ trì lập dự toán, báo cáo Giám đốc Sở trước ngày 30 tháng 6.",
        "Điều 5. Định kỳ sáu tháng một lần, Trung tâm Lưu trữ lịch sử tỉnh kiểm kê tài liệu trong kho, lập biên bản "
        "kiểm kê và báo cáo Giám đốc Sở; tài liệu hư hỏng phải được thống kê riêng, đề xuất biện pháp phục chế. Mẫu "
        "biên bản kiểm kê và sổ theo dõi thực hiện theo phụ lục của Quy chế.",
        "Điều 6. Quyết định này có hiệu lực kể từ ngày ký và thay thế các quy định trước đây của Sở về kho lưu trữ.",
        "Điều 7. Chánh Văn phòng Sở, Giám đốc Trung tâm Lưu trữ lịch sử "
        "tỉnh, trưởng các phòng, đơn vị thuộc Sở và các cơ quan, tổ chức có liên quan chịu trách nhiệm thi hành Quyết "
        "định này./.",
    ),
    recipients=("Như Điều 7", "UBND tỉnh (b/c)", "Văn phòng Tỉnh ủy", "Lưu: VT, TTLT"),
    archive_copy=("VT", "TTLT"),
    signer=("GIÁM ĐỐC",),
    signer_name="Bế Thị Thu Hường",
    seal="SỞ NỘI VỤ TỈNH CAO BẰNG",
    province="Cao Bằng",
    citations=(
        Cited("Nghị định", "30/2020/NĐ-CP", "2020-03-05", "Chính phủ", "basis"),
        Cited("Quyết định", "2214/QĐ-UBND", "2025-11-18", "Ủy ban nhân dân tỉnh Cao Bằng", "basis"),
    ),
    arrival=Arrival(OFFICE, "215", "06/02/26", "2026-02-06", (58, 60), colour="black", angle=-1.0),
    header_room=34,
)

URGENT = Paper(
    slug="cong_dien_mua_lu",
    system="state",
    organ_lines=(("ỦY BAN NHÂN DÂN", True), ("TỈNH CAO BẰNG", True)),
    issuing_organ="Ủy ban nhân dân tỉnh Cao Bằng",
    document_type="Công điện",
    number="07",
    symbol="CĐ-UBND",
    place="Cao Bằng",
    date="2026-07-21",
    title=("CÔNG ĐIỆN", "Về việc chủ động ứng phó mưa lớn, lũ quét, sạt lở đất"),
    subject="chủ động ứng phó mưa lớn, lũ quét, sạt lở đất",
    urgency="Hỏa tốc",
    addressees=("Các sở, ban, ngành tỉnh", "Ủy ban nhân dân các xã, phường"),
    body=(
        "Theo dự báo của Đài Khí tượng Thủy văn tỉnh, từ đêm 21/7 đến ngày 24/7/2026 trên địa bàn tỉnh có mưa to đến "
        "rất to, nguy cơ cao xảy ra lũ quét, sạt lở đất. Ủy ban nhân dân tỉnh yêu cầu:",
        "1. Kiểm tra, rà soát ngay các khu dân cư ven sông, suối, sườn dốc; sẵn sàng sơ tán người dân trước 18 giờ 00 "
        "ngày 21/7/2026.",
        "2. Cử lực lượng canh gác tại ngầm, tràn, đoạn đường sạt lở; kiên quyết không cho người, phương tiện đi qua "
        "khi không bảo đảm an toàn.",
        "3. Trực ban 24/24 giờ, báo cáo nhanh về Văn phòng Ủy ban nhân dân tỉnh trước 16 giờ hằng ngày./.",
    ),
    recipients=("Như trên", "TT. Tỉnh ủy (b/c)", "CT, các PCT UBND tỉnh", "Lưu: VT, KT"),
    archive_copy=("VT", "KT"),
    signer=("KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"),
    signer_name="Hoàng Mạnh Đàm",
    seal="ỦY BAN NHÂN DÂN TỈNH CAO BẰNG",
    province="Cao Bằng",
    arrival=Arrival(OFFICE, "1204", "21/7/26", "2026-07-21", (156, 61), forward_to="P.KT", angle=1.0),
    header_room=32,
)

COVER_LETTER = Paper(
    slug="sao_gui_thong_bao",
    system="state",
    organ_lines=(("ỦY BAN NHÂN DÂN", True), ("TỈNH SƠN LA", True)),
    issuing_organ="Ủy ban nhân dân tỉnh Sơn La",
    document_type="Công văn",
    drafting_unit="KGVX",
    number="965",
    symbol="UBND-KGVX",
    place="Sơn La",
    date="2026-03-30",
    subject="sao gửi Thông báo kết luận về phòng, chống dịch bệnh mùa xuân",
    addressees=("Văn phòng Tỉnh ủy Cao Bằng",),
    body=(
        "Ủy ban nhân dân tỉnh Sơn La sao gửi Thông báo kết luận số 41-TB/TU, ngày 24/3/2026 của Tỉnh ủy Sơn La về công "
        "tác phòng, chống dịch bệnh mùa xuân để quý cơ quan tham khảo, phối hợp trong địa bàn giáp ranh.",
        "Quá trình thực hiện, nếu có khó khăn, vướng mắc, đề nghị trao đổi với Sở Y tế để phối hợp giải quyết./.",
        "(Gửi kèm Thông báo kết luận số 41-TB/TU, ngày 24/3/2026 của Tỉnh ủy Sơn La)",
    ),
    recipients=("Như trên", "CT, các PCT UBND tỉnh", "Lưu: VT, KGVX"),
    archive_copy=("VT", "KGVX"),
    signer=("TL. CHỦ TỊCH", "CHÁNH VĂN PHÒNG"),
    signer_name="Cầm Văn Thịnh",
    seal="ỦY BAN NHÂN DÂN TỈNH SƠN LA",
    province="Sơn La",
    citations=(Cited("Thông báo kết luận", "41-TB/TU", "2026-03-24", "Tỉnh ủy Sơn La", "attached"),),
)

CONCLUSION = Paper(
    slug="thong_bao_ket_luan",
    system="party",
    organ_lines=(("TỈNH ỦY SƠN LA", True),),
    issuing_organ="Tỉnh ủy Sơn La",
    document_type="Thông báo",
    document_subtype="Thông báo kết luận",
    number="41",
    symbol="TB/TU",
    place="Sơn La",
    date="2026-03-24",
    title=("THÔNG BÁO", "KẾT LUẬN CỦA BAN THƯỜNG VỤ TỈNH ỦY", "về công tác phòng, chống dịch bệnh mùa xuân"),
    subject="công tác phòng, chống dịch bệnh mùa xuân",
    body=(
        "Tại phiên họp ngày 20/3/2026, sau khi nghe Báo cáo số 88-BC/ĐU, ngày 16/3/2026 của Đảng ủy Ủy ban nhân dân "
        "tỉnh, Ban Thường vụ Tỉnh ủy kết luận:",
        "1- Tiếp tục duy trì các chốt kiểm tra y tế tại địa bàn giáp ranh; bảo đảm đủ thuốc, vật tư, nhân lực trực.",
        "2- Tăng cường tuyên truyền để nhân dân chủ động tiêm chủng, giữ vệ sinh môi trường, ăn chín, uống sôi.",
        "3- Giao Đảng ủy Ủy ban nhân dân tỉnh lãnh đạo, chỉ đạo tổ chức thực hiện; định kỳ hằng tháng báo cáo Ban "
        "Thường vụ Tỉnh ủy.",
    ),
    recipients=("Các đảng ủy trực thuộc Tỉnh ủy", "Các đồng chí Tỉnh ủy viên", "Lưu Văn phòng Tỉnh ủy"),
    archive_copy=("Văn phòng Tỉnh ủy",),
    signer=("T/M BAN THƯỜNG VỤ", "PHÓ BÍ THƯ"),
    signer_name="Quàng Thị Mai Liên",
    seal="ĐẢNG BỘ TỈNH SƠN LA",
    province="Sơn La",
    citations=(Cited("Báo cáo", "88-BC/ĐU", "2026-03-16", "Đảng ủy Ủy ban nhân dân tỉnh", "basis"),),
    arrival=Arrival(OFFICE, "561", "02/4/26", "2026-04-02", (57, 61), layout="older", angle=3.0, forward_to="TH"),
    header_room=32,
)

SAMPLES = (
    Sample("cong_van_ubnd", "Công văn của UBND, số viết tay, dấu đến đỏ", (ARCHIVES,), skew=0.5),
    Sample("cong_van_tinh_uy", "Công văn của Tỉnh ủy, dấu đến xanh", (PARTY_LETTER,), skew=-0.4),
    Sample(
        "quyet_dinh_so", "Quyết định của sở, dấu đến đen, có mặt sau trắng", (DECISION,), blank_back=True, depth="grey"
    ),
    Sample("cong_dien_hoa_toc", "Công điện hỏa tốc", (URGENT,), skew=-0.2),
    Sample("hai_van_ban", "Hai văn bản trong một tệp, dấu đến ở văn bản thứ hai", (COVER_LETTER, CONCLUSION), skew=0.2),
)
