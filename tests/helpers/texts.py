"""Texts as other programs send them, in many scripts."""

SCRIPTS = (
    "The rig drills at 2,300 m; the mud weighs 1.35 kg/l.",
    "Die Brille des Bohrmeisters lag im Öl – naß & zerkratzt.",
    "钻井平台在海上钻探石油。",
    "掘削リグが海底油田を掘っている。",
    "시추선이 바다에서 석유를 캔다.",
    "Буровая установка бурит скважину.",
    "تحفر منصة الحفر بئر نفط.",
    "ड्रिलिंग रिग तेल का कुआँ खोदता है।",
    "👷🏽‍♀️🛢️ drilling 🇳🇴 all day 🙂",
    "def drill(depth: float) -> None:\n\treturn None  # done",
)


def hundred() -> list[str]:
    """A hundred different ones, short and long."""
    return [
        " ".join([f"{number}."] + [SCRIPTS[number % 10]] * (1 + number // 10 % 3))
        for number in range(100)
    ]
