"""What the services of telephony, networks and notices tell."""

from __future__ import annotations

import time
import zlib

from execmon_lab.phone.state.connectivity import ATTACHED, WIFI_NAME
from execmon_lab.phone.state.telephony import OWN_NUMBER
from execmon_lab.phone.system.system import System


def telephony_registry(system: System, words: list[str]) -> str:
    """Answer `dumpsys telephony.registry`."""
    telephony, links = system.telephony, system.connectivity
    up = telephony.in_service
    call = telephony.call
    incoming = call.number if call is not None and call.incoming and telephony.state == 1 else ""
    state = 0 if up else 3
    words_ = "IN_SERVICE" if up else "POWER_OFF"
    operator = system.properties.get("gsm.operator.alpha") if up else ""
    data = {0: 0, 1: 1, 2: 2}[links.mobile]
    radio = "LTE" if up else "Unknown"
    foreground = (
        {"DIALING": 2, "ACTIVE": 1, "HOLDING": 0}.get(call.state.name, 0)
        if call is not None and telephony.state == 2
        else 0
    )
    return "\n".join(
        [
            "last known state:",
            "  Phone Id=0",
            f"    mCallState={telephony.state}",
            f"    mRingingCallState={5 if telephony.state == 1 else 0}",
            f"    mForegroundCallState={foreground}",
            f"    mBackgroundCallState={2 if call is not None and call.state.name == 'HOLDING' else 0}",
            f"    mCallIncomingNumber={incoming}",
            f"    mServiceState={{mVoiceRegState={state}({words_}), mDataRegState={state}({words_}), "
            "mChannelNumber=300, duplexMode()=1, "
            f"mOperatorAlphaLong={operator or 'null'}, mOperatorAlphaShort={operator or 'null'}, "
            "isManualNetworkSelection=false(automatic), "
            f"getRilVoiceRadioTechnology={14 if up else 0}({radio}), "
            f"getRilDataRadioTechnology={14 if up else 0}({radio})}}",
            "    mVoiceActivationState= 0",
            "    mDataActivationState= 0",
            f"    mUserMobileDataState= {str(links.mobile_enabled).lower()}",
            (
                f"    mSignalStrength=SignalStrength:{{mLte=CellSignalStrengthLte: rssi=-61 rsrp=-84 rsrq=-9 "
                f"rssnr=24 level={telephony.signal if up else 0} parametersUseForLevel=0,"
                "primary=CellSignalStrengthLte}}"
            ),
            "    mMessageWaiting=false",
            "    mCallForwarding=false",
            f"    mDataActivity={3 if data == 2 else 0}",
            f"    mDataConnectionState={data}",
            "    mCellLocation=null",
            f"    mDataConnectionNetworkType={13 if data == 2 else 0}",
            f"    mCallDisconnectCause={_cause(system)}",
        ]
    )


def _cause(system: System) -> int:
    """Return the last call's end as android.telephony.DisconnectCause numbers it."""
    log = system.telephony.log
    if not log:
        return -1
    numbers = {
        "Number not in service": 25,
        "Busy": 4,
        "Turn off airplane mode to make a call": 17,
        "Missed call": 1,
        "Declined": 16,
        "Line in use": 15,
    }
    return numbers.get(log[0].cause, 3)


def telecom(system: System, words: list[str]) -> str:
    """Answer `dumpsys telecom`."""
    lines = ["CallsManager: ", "  mCalls: "]
    call = system.telephony.call
    if call is not None:
        lines.append(
            f"    [Call id=TC@{call.identifier}, state={call.state.name}, "
            "tpac=ComponentInfo{com.android.phone/"
            "com.android.services.telephony.TelephonyConnectionService}, "
            f"handle=tel:{call.number}, cause={call.cause or 'null'}]"
        )
    lines.append(f"  mForegroundCall:\n    {f'TC@{call.identifier}' if call is not None else 'none'}")
    lines += ["Call history:"]
    for old in system.telephony.log[:10]:
        lines.append(
            f"  TC@{old.identifier}: tel:{old.number} {'MT' if old.incoming else 'MO'} "
            f"duration={old.duration}s cause={old.cause or 'LOCAL'}"
        )
    return "\n".join(lines)


def isms(system: System, words: list[str]) -> str:
    """Answer `dumpsys isms`: the latest messages."""
    lines = ["SmsService:"]
    lines += [
        f"  Message {item.identifier}: {item.address} type={item.kind} {item.status}"
        for item in system.messaging.messages[-10:]
    ]
    return "\n".join(lines)


def iphonesubinfo(system: System, words: list[str]) -> str:
    """Answer `dumpsys iphonesubinfo`."""
    return (
        f"Phone Subscriber Info:\n  Phone Type = GSM\n  Device ID = 001010123456789\n  Line1 = {OWN_NUMBER}"
    )


def wifi(system: System, words: list[str]) -> str:
    """Answer `dumpsys wifi`."""
    links = system.connectivity
    on = links.wifi_enabled and not links.airplane
    joined = links.wifi == ATTACHED
    ssid = f'"{WIFI_NAME}"' if joined else "<unknown ssid>"
    return "\n".join(
        [
            f"Wi-Fi is {'enabled' if on else 'disabled'}",
            "Verbose logging is off\nStay-awake conditions: 0\nmInIdleMode false",
            f"mWifiInfo SSID: {ssid}, BSSID: "
            f"{'02:15:b2:00:01:00' if joined else '<none>'}, MAC: 02:00:00:00:00:00, "
            f"Supplicant state: {'COMPLETED' if joined else 'DISCONNECTED'}, RSSI: "
            f"{-50 if joined else -127}, "
            f"Link speed: {866 if joined else -1}Mbps, Frequency: {5180 if joined else -1}MHz",
            (
                "mNetworkInfo [type: WIFI[], state: "
                f"{'CONNECTED/CONNECTED' if joined else 'DISCONNECTED/DISCONNECTED'}, reason: "
                "(unspecified), extra: (none)]"
            ),
        ]
    )


def connectivity(system: System, words: list[str]) -> str:
    """Answer `dumpsys connectivity`."""
    links = system.connectivity
    lines = []
    active = 101 if links.wifi == ATTACHED else 100 if links.mobile == ATTACHED else None
    lines.append(f"Active default network: {active if active else 'none'}")
    lines.append("Current Networks:")
    if links.wifi == ATTACHED:
        lines.append(
            "  NetworkAgentInfo{network{101}  ni{WIFI CONNECTED extra: } Score(60) created  "
            "lp{{InterfaceName: wlan0 LinkAddresses: [ 10.0.2.16/24 ]}} "
            "nc{[ Transports: WIFI Capabilities: NOT_METERED&INTERNET&NOT_RESTRICTED&TRUSTED&VALIDATED]}}"
        )
    if links.mobile == ATTACHED:
        lines.append(
            "  NetworkAgentInfo{network{100}  ni{MOBILE[LTE] CONNECTED extra: internet} Score(50) created  "
            "lp{{InterfaceName: rmnet0 LinkAddresses: [ 10.20.30.40/24 ]}} "
            "nc{[ Transports: CELLULAR Capabilities: SUPL&INTERNET&NOT_RESTRICTED&TRUSTED&VALIDATED]}}"
        )
    lines += [
        f"Airplane mode: {str(links.airplane).lower()}",
        f"Mobile data enabled: {str(links.mobile_enabled).lower()}",
    ]
    return "\n".join(lines)


def netstats(system: System, words: list[str]) -> str:
    """Answer `dumpsys netstats`."""
    active = (
        "WIFI"
        if system.connectivity.wifi == ATTACHED
        else "MOBILE"
        if system.connectivity.mobile == ATTACHED
        else "none"
    )
    return f"Active interfaces:\n  type={active}"


def notification(system: System, words: list[str]) -> str:
    """Answer `dumpsys notification`."""
    lines = ["Current Notification Manager state:", "  Notification List:"]
    for item in system.notifications.items:
        lines += [
            (
                f"    NotificationRecord(0x{zlib.crc32(item.key.encode()):08x}: pkg={item.package} "
                f"user=UserHandle{{0}} id=1 tag={item.key} importance=4 "
                f"key=0|{item.package}|1|{item.key}|0: Notification(channel=messages))"
            ),
            f"      uid=10060 userId=0\n      key=0|{item.package}|1|{item.key}",
            "      extras={",
            f"          android.title=String ({item.title})"
            if "--noredact" in words
            else f"          android.title=String [length={len(item.title)}]",
            f"          android.text=String ({item.text})"
            if "--noredact" in words
            else f"          android.text=String [length={len(item.text)}]",
            "      }",
            (
                f"      mCreationTimeMs={int(item.posted * 1000)} "
                f"({time.strftime('%H:%M:%S', time.localtime(item.posted))})"
            ),
        ]
    return "\n".join(lines)


def statusbar(system: System, words: list[str]) -> str:
    """Answer `dumpsys statusbar`."""
    return f"  mDisabled1=0x0\n  mDisabled2=0x0\n  mExpanded={str(system.notifications.shade_open).lower()}"
