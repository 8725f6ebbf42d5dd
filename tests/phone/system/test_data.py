from __future__ import annotations


def state(phone) -> str:
    lines = phone.sh("dumpsys telephony.registry").splitlines()
    return next(line.strip() for line in lines if "mDataConnectionState" in line)


def load(phone, url: str) -> None:
    phone.sh(f"am start -a android.intent.action.VIEW -d {url}")


def test_a_page_loads_with_mobile_data(phone):
    assert state(phone) == "mDataConnectionState=2"
    load(phone, "http://example.test/")
    phone.see("Example Domain")


def test_no_page_without_data_and_again_with_it(phone):
    phone.sh("svc data disable")
    assert phone.sh("settings get global mobile_data") == "0"
    assert state(phone) == "mDataConnectionState=0"
    load(phone, "http://example.test/")
    phone.see("No internet")
    assert "ERR_INTERNET_DISCONNECTED" in phone.texts()
    phone.sh("svc data enable")
    assert state(phone) == "mDataConnectionState=1"
    phone.wait(lambda: state(phone) == "mDataConnectionState=2", "attaching")
    phone.tap("Reload")
    phone.see("Example Domain")


def test_wifi_is_another_way(phone):
    phone.sh("svc data disable")
    phone.sh("svc wifi enable")
    phone.wait(lambda: "NetworkAgentInfo{network{101}" in phone.sh("dumpsys connectivity"), "joining")
    load(phone, "http://status.test/")
    phone.see("Connected over Wi-Fi")


def test_unknown_host(phone):
    load(phone, "https://nowhere.invalid/")
    phone.see("This site can't be reached")
    assert "ERR_NAME_NOT_RESOLVED" in phone.texts()


def test_links_and_the_way_back(phone):
    load(phone, "http://news.test/")
    phone.see("The Daily Test")
    phone.tap("Flaky test found hiding behind a retry")
    phone.see("Investigations")
    phone.sh("input keyevent BACK")
    phone.see("The Daily Test")


def test_an_address_is_typed(phone):
    phone.sh("am start -n com.android.chrome/com.google.android.apps.chrome.Main")
    phone.tap("url_bar")
    phone.sh("input text news.test")
    phone.sh("input keyevent ENTER")
    phone.see("The Daily Test")


def test_words_are_searched(phone):
    phone.sh("am start -n com.android.chrome/com.google.android.apps.chrome.Main")
    phone.tap("url_bar")
    phone.sh("input text green%sbuild")
    phone.sh("input keyevent ENTER")
    phone.see("Results for green build")


def test_the_switch_in_the_settings(phone):
    phone.sh("am start -a android.settings.WIRELESS_SETTINGS")
    phone.tap("Mobile data")
    assert phone.sh("settings get global mobile_data") == "0"
    assert "Off" in phone.texts()
    phone.tap("Mobile data")
    assert "Connecting…" in phone.texts()
    phone.see("Connected · LTE")


def test_airplane_mode_takes_both_away(phone):
    phone.sh("svc wifi enable")
    phone.sh("cmd connectivity airplane-mode enable")
    assert phone.sh("cmd connectivity airplane-mode") == "enabled"
    assert phone.sh("dumpsys connectivity").startswith("Active default network: none")
    phone.sh("cmd connectivity airplane-mode disable")
    phone.wait(lambda: state(phone) == "mDataConnectionState=2", "attaching")


def test_switching_twice_keeps_the_last_word(phone):
    phone.sh("svc data disable")
    phone.sh("svc data enable")
    phone.sh("svc data disable")
    phone.sleep(2.3)
    assert state(phone) == "mDataConnectionState=0"


def test_the_search_bar_of_the_home_screen_takes_words(phone):
    phone.sh("input keyevent KEYCODE_HOME")
    phone.tap("Search the web")
    phone.sh("input text daily%snews")
    phone.see("daily news")
    phone.sh("input keyevent KEYCODE_ENTER")
    phone.see("Results for daily news")
