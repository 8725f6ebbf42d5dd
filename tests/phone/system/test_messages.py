from __future__ import annotations

from xml.etree import ElementTree

import pytest


def rows(phone) -> str:
    return phone.sh("content query --uri content://sms --projection address:type:body")


def test_a_message_is_written_sent_and_answered(phone):
    phone.sh("am start -a android.intent.action.SENDTO -d smsto:5550104")
    assert phone.node("toolbar").children[1].text == "Katherine Johnson"
    assert phone.system.screen.keyboard_shown
    phone.sh("input text hello%sthere")
    assert phone.node("compose_message_text").text == "hello there"
    phone.tap("Send SMS")
    assert phone.node("message_status").text.startswith("Sending…")
    phone.wait(lambda: any(text.startswith("Sent · ") for text in phone.texts()), "Sent")
    phone.see("Thanks, got: hello there")
    assert rows(phone).splitlines() == [
        "Row: 0 address=5550104, type=1, body=Thanks, got: hello there",
        "Row: 1 address=5550104, type=2, body=hello there",
    ]


def test_a_message_that_cannot_be_sent_says_so(phone):
    phone.sh("am start -a android.intent.action.SENDTO -d sms:5550199 --es sms_body hello")
    phone.tap("Send SMS")
    phone.wait(lambda: any(text.startswith("Not sent · ") for text in phone.texts()), "Not sent")
    assert "W/SmsService" in phone.sh("logcat -d -v brief *:W")
    assert rows(phone) == "Row: 0 address=5550199, type=5, body=hello"


def test_an_empty_message_cannot_be_sent(phone):
    phone.sh("am start -a android.intent.action.SENDTO -d smsto:5550104")
    assert not phone.node("Send SMS").enabled


def test_a_new_conversation_starts_with_a_recipient(phone):
    phone.sh("am start -n com.android.messaging/.ui.conversationlist.ConversationListActivity")
    phone.tap("Start chat")
    phone.sh("input text 5550177")
    phone.sh("input keyevent ENTER")
    phone.sh("input text hi")
    phone.sh("input keyevent 66")
    phone.see("Thanks, got: hi")
    phone.sh("input keyevent 4 4 4")
    assert phone.system.activities.front.activity.screen == "launcher"


def test_keys_of_the_keyboard_write(phone):
    phone.sh("am start -a android.intent.action.SENDTO -d smsto:5550104")
    for key in ("Shift", "O", "k", "space", "?123", "7"):
        phone.tap(key)
    assert phone.node("compose_message_text").text == "Ok 7"
    phone.tap("Delete")
    assert phone.node("compose_message_text").text == "Ok "
    assert "mInputShown=true" in phone.sh("dumpsys input_method")
    phone.sh("input keyevent BACK")
    assert "mInputShown=false" in phone.sh("dumpsys input_method")


def test_an_incoming_message_shows_a_notice_that_opens_it(phone):
    phone.sh("am broadcast -a com.execmon.phone.INCOMING_SMS --es number 5550103 --es text moth")
    notice = phone.node("expandableNotificationRow")
    assert {node.text for node in notice.walk() if node.text} >= {"Grace Hopper", "moth", "Messages"}
    phone.tap("expandableNotificationRow")
    assert phone.system.activities.front.activity.screen == "conversation"
    assert "moth" in phone.texts()
    assert phone.sh("content query --uri content://sms --projection read") == "Row: 0 read=1"


def test_a_message_in_the_open_conversation_makes_no_notice(phone):
    phone.sh("am start -a android.intent.action.SENDTO -d smsto:5550103")
    phone.sh("am broadcast -a com.execmon.phone.INCOMING_SMS --es number 5550103 --es text again")
    assert "again" in phone.texts()
    assert phone.system.notifications.items == []


def test_the_shade_lists_notices(phone):
    phone.sh("am broadcast -a com.execmon.phone.INCOMING_SMS --es number 5550103 --es text one")
    phone.sh("cmd statusbar expand-notifications")
    assert "one" in phone.texts()
    phone.tap("Clear all")
    assert "No notifications" in phone.texts()
    phone.sh("cmd statusbar collapse")
    assert "No notifications" not in phone.texts()


def test_what_xml_cannot_hold_does_not_break_the_dump(phone):
    phone.sh("am start -a android.intent.action.SENDTO -d smsto:5550103")
    phone.system.keys.text("a\x07b\ud800c\uffff")
    root = ElementTree.fromstring(
        phone.sh("uiautomator dump /dev/tty").rpartition("UI hierchary")[0].encode()
    )
    assert "a.b.c." in [node.get("text") for node in root.iter("node")]


def test_the_text_call_me_is_answered_with_a_call(phone):
    phone.sh("am start -a android.intent.action.SENDTO -d smsto:5550102?body=call%20me")
    phone.tap("Send SMS")
    phone.see("Incoming call")


def test_quotes_and_signs_are_kept(phone):
    phone.sh("am start -a android.intent.action.SENDTO -d smsto:5550103")
    status, _, _ = phone.run("input", "text", 'it\'s "q" <b>&ß')
    assert status == 0
    assert phone.node("compose_message_text").text == 'it\'s "q" <b>&ß'
    xml = phone.sh("uiautomator dump /dev/tty")
    assert 'text="it&apos;s' in xml or 'text="it\'s &quot;q&quot; &lt;b&gt;&amp;ß"' in xml


@pytest.mark.parametrize("text", ["café", "日本語", "ok 🙂"])
def test_a_text_with_a_character_that_has_no_key_is_not_typed_at_all(phone, text):
    phone.sh("am start -a android.intent.action.SENDTO -d smsto:5550103")
    status, _, err = phone.run("input", "text", text)
    assert status == 255
    assert "NullPointerException" in err
    assert phone.node("compose_message_text").text == "Text message", "its hint"
