from __future__ import annotations


def registry(phone, name: str) -> str:
    for line in phone.sh("dumpsys telephony.registry").splitlines():
        if line.strip().startswith(f"{name}="):
            return line.partition("=")[2]
    raise AssertionError(name)


def test_a_call_is_dialed_answered_and_ended(phone):
    phone.sh("am start -a android.intent.action.DIAL -d tel:5550150")
    assert phone.node("digits").text == "5550150"
    phone.tap("dial")
    assert registry(phone, "mCallState") == "2"
    phone.see("Calling…")
    phone.wait(lambda: registry(phone, "mForegroundCallState") == "1", "the answer")
    assert phone.node("contactgrid_bottom_timer").text == "00:00"
    assert "InCallActivity" in phone.sh("dumpsys window windows")
    phone.tap("End call")
    assert registry(phone, "mCallState") == "0"
    phone.see("Call ended")
    phone.wait(lambda: "InCallActivity" not in phone.sh("dumpsys window windows"), "leaving the call screen")
    rows = phone.sh("content query --uri content://call_log/calls --projection number:type")
    assert rows == "Row: 0 number=5550150, type=2"


def test_the_call_intent_calls_at_once(phone):
    phone.sh("am start -a android.intent.action.CALL -d tel:555-0150")
    phone.node("contactgrid_contact_name")
    assert phone.system.telephony.state == 2
    phone.see("Calling…")


def test_a_number_out_of_service_ends_with_its_cause(phone):
    phone.sh("am start -a android.intent.action.CALL -d tel:5550199")
    phone.see("Calling…")
    phone.see("Number not in service")
    assert registry(phone, "mCallState") == "0"
    assert registry(phone, "mCallDisconnectCause") == "25"


def test_a_busy_number_is_busy(phone):
    phone.sh("am start -a android.intent.action.CALL -d tel:5550198")
    phone.see("Calling…")
    phone.see("Busy")


def test_no_call_in_airplane_mode(phone):
    phone.sh("cmd connectivity airplane-mode enable")
    phone.sh("am start -a android.intent.action.CALL -d tel:5550150")
    phone.see("Turn off airplane mode to make a call")


def test_an_incoming_call_is_answered(phone):
    phone.sh("am broadcast -a com.execmon.phone.INCOMING_CALL --es number 5550103")
    assert registry(phone, "mCallState") == "1"
    assert registry(phone, "mCallIncomingNumber") == "5550103"
    phone.see("Grace Hopper")
    phone.tap("Answer")
    assert registry(phone, "mCallState") == "2"
    phone.sh("input keyevent KEYCODE_ENDCALL")
    assert registry(phone, "mCallState") == "0"


def test_an_incoming_call_is_declined(phone):
    phone.sh("am broadcast -a com.execmon.phone.INCOMING_CALL --es number 5550103")
    phone.node("Incoming call")
    phone.tap("Decline")
    assert registry(phone, "mCallState") == "0"
    assert "type=5" in phone.sh("content query --uri content://call_log/calls")


def test_digits_on_the_pad_dial(phone):
    phone.sh("am start -n com.android.dialer/.main.impl.MainActivity")
    for name in ("five", "five", "zero", "star"):
        phone.tap(name)
    assert phone.node("digits").text == "550*"
    phone.tap("backspace")
    assert phone.node("digits").text == "550"


def test_a_call_in_the_background_is_returned_to(phone):
    phone.sh("am start -a android.intent.action.CALL -d tel:5550150")
    phone.sh("input keyevent HOME")
    phone.sh("am start -n com.android.dialer/.main.impl.MainActivity")
    phone.tap("Return to call")
    assert phone.system.activities.front.activity.screen == "call"


def test_back_from_a_call_leaves_it_on(phone):
    phone.sh("am start -a android.intent.action.CALL -d tel:5550150")
    phone.see("Calling…")
    phone.sh("input keyevent BACK")
    assert phone.system.activities.front.activity.screen == "launcher"
    assert phone.system.telephony.state == 2
