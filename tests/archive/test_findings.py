from archive.findings import Citation, Finding, Mention, Stamp, join_citations, settle, weigh


def number(value, confidence, witness="ocr", **more):
    return Finding("number", value, confidence, witness=witness, **more)


def test_agreement_of_two_witnesses_strengthens():
    alone = weigh([number("471", 0.9, "layer")])
    together = weigh([number("471", 0.9, "layer"), number("471", 0.9, "file_name")])
    assert together.confidence > alone.confidence
    assert together.sure


def test_the_same_witness_twice_is_no_agreement():
    assert weigh([number("471", 0.9), number("471", 0.9)]).confidence == weigh([number("471", 0.9)]).confidence


def test_a_rival_puts_a_field_in_doubt_and_stays():
    settled = weigh([number("471", 0.99, "layer"), number("477", 0.6, "pen")])
    assert settled.value == "471"
    assert not settled.sure
    assert [one.value for one in settled.others] == ["477"]


def test_ink_alone_never_makes_a_number_sure():
    assert not weigh([number("471", 0.999), number("471", 0.999, "pen"), number("471", 0.999, "second_look")]).sure
    assert weigh([number("471", 0.9, "pen"), number("471", 0.95, "file_name")]).sure


def test_names_agree_without_regard_to_marks():
    found = [Finding("issuing_organ", "Uỷ ban nhân dân", 0.9), Finding("issuing_organ", "Ủy ban nhân dân", 0.95)]
    assert weigh(found).value == "Ủy ban nhân dân"
    assert not weigh(found).others


def test_a_part_is_kept_where_the_whole_cannot_be_read():
    settled = weigh([number(None, 0.9, partial="/UBND-KTTH"), number("547", 0.2)])
    assert (settled.value, settled.partial, settled.sure) == (None, "/UBND-KTTH", False)
    assert [one.value for one in settled.others] == ["547"]


def test_a_probable_reading_of_the_pen_is_shown_in_doubt():
    settled = weigh([number("574", 0.8, "pen"), number("514", 0.1, "pen"), number(None, 0.5, partial="/UBND-KTTH")])
    assert (settled.value, settled.sure) == ("574", False)


def test_a_null_is_sure_only_when_somebody_is_sure_of_it():
    assert weigh([Finding("secrecy", None, 0.995, witness="layer")]).sure
    assert not weigh([Finding("secrecy", None, 0.7)]).sure
    assert not weigh([]).sure


def test_what_a_person_confirmed_stands():
    record = settle([number("471", 0.99, "layer")], {"number": "477", "recipients": ("Như trên",)})
    assert record.fields["number"].value == "477"
    assert record.fields["number"].source == "person"
    assert record.recipients == ("Như trên",)


def test_a_suggestion_is_never_written_into_a_field():
    record = settle([Finding("number", "172", 0.9, suggestion=True)])
    assert record.fields["number"].value is None
    assert [one.value for one in record.suggestions] == ["172"]


def test_a_paper_dated_after_it_arrived_is_in_doubt():
    stamp = Stamp(1, None, (Finding("date", "2020-03-25", 0.99, witness="text"),))
    record = settle([Finding("date", "2020-03-30", 0.995, witness="layer")], stamp=stamp)
    assert not record.fields["date"].sure
    assert record.fields["date"].reason


def test_a_code_is_no_surer_than_its_number():
    found = [Finding("full_code", "4/A-B", 0.995, witness="layer"), number("4", 0.5), Finding("symbol", "A-B", 0.995)]
    assert not settle(found).fields["full_code"].sure


def test_citations_of_several_plugins_are_joined():
    one = Citation("Chỉ thị", "35-CT/TW", None, None, None, (Mention(5, 9),))
    other = Citation(None, "35-CT/TW", "2019-05-30", "Bộ Chính trị", "basis", (Mention(50, 59),))
    (joined,) = join_citations([one, other])
    assert (joined.date, joined.relation, len(joined.mentions)) == ("2019-05-30", "basis", 2)


def test_a_code_is_worth_no_more_than_its_symbol():
    """The pen is clear about the number; a symbol that lost its head says so of the whole code."""
    record = settle([
        Finding("number", "04", 0.98, witness="pen"), Finding("symbol", "TH", 0.6),
        Finding("full_code", "04/TH", 0.98, witness="pen"),
    ])  # fmt: skip
    assert record.fields["full_code"].confidence == record.fields["symbol"].confidence < 0.8
